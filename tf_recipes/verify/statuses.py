"""Says how a verification ends."""

# {exit status of the command: what it says}
STATUSES = {
    0: "the port matches: it cannot be told from TF1 started one ulp away",
    1: "the port differs, and the report names the first difference",
    2: "nothing could be judged",
}

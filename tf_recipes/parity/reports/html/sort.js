"use strict";
// Makes a button of each heading whose column can be sorted. Without this script the table stays in
// the order of the check.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const given = [...body.rows];
  const headings = [...table.tHead.rows[0].cells];

  const key = (row, column) => row.cells[column].dataset.key;
  const compare = {
    text: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
    // An empty key stands for a ratio that is not finite, or was not judged: worse than any number.
    number: (a, b) => {
      const [x, y] = [a, b].map((each) => (each ? Number(each) : Infinity));
      return x === y ? 0 : x - y;
    },
  };

  const sort = (heading) => {
    const first = heading.dataset.sort === "number" ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const order = heading.getAttribute("aria-sort") === first ? other : first;
    const sign = order === "ascending" ? 1 : -1;
    const column = headings.indexOf(heading);
    const by = compare[heading.dataset.sort];
    for (const each of headings) each.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", order);
    body.append(...[...given].sort((a, b) => sign * by(key(a, column), key(b, column))));
  };

  for (const heading of headings.filter((each) => each.dataset.sort)) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => sort(heading));
  }
}

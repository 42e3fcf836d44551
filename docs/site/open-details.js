// A link to a row opens the group in which the row is. Not every browser does so by itself.
function openTarget() {
  const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let group = row?.closest("details"); group; group = group.parentElement.closest("details")) {
    if (!group.open) {
      group.open = true;
      row.scrollIntoView();
    }
  }
}
addEventListener("hashchange", openTarget);
openTarget();

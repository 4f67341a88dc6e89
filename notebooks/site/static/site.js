/* What scrolls by itself can be reached by keyboard: only that, or Tab would stop at every cell. */
function reachWhatScrolls() {
  for (const box of document.querySelectorAll("pre, .table-wrapper, div.cell_output")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
addEventListener("load", reachWhatScrolls);
addEventListener("resize", reachWhatScrolls);
addEventListener("toggle", reachWhatScrolls, true);

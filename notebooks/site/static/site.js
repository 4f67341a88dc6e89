/* What scrolls by itself can be reached by keyboard (only that, or Tab would stop at every cell),
   and shows on which side there is more. */
function showMore(box) {
  box.classList.toggle("more", box.scrollWidth - box.clientWidth - box.scrollLeft > 1);
}
function reachWhatScrolls() {
  for (const box of document.querySelectorAll("article :is(pre, .table-wrapper, div.cell_output)")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
    showMore(box);
  }
}
addEventListener("load", reachWhatScrolls);
addEventListener("resize", reachWhatScrolls);
addEventListener("toggle", reachWhatScrolls, true);
addEventListener("scroll", (event) => event.target.classList && showMore(event.target), true);

/* On a phone a picture grows where it stands; elsewhere its link leads to the picture alone. */
for (const link of document.querySelectorAll("a.picture")) {
  link.addEventListener("click", (event) => {
    if (!matchMedia("(max-width: 46em)").matches) return;
    event.preventDefault();
    link.classList.toggle("larger");
  });
}

/* The theme opens its menus by a click on the label of a hidden box: let a key do it, too. */
const MENUS = { __navigation: ".sidebar-drawer", __toc: ".toc-drawer" };
for (const icon of document.querySelectorAll("label[for] > .icon")) {
  const box = document.getElementById(icon.parentElement.htmlFor);
  const menu = document.querySelector(MENUS[box.id] ?? "none");
  const said = () => icon.setAttribute("aria-expanded", box.checked);
  icon.setAttribute("role", "button");
  icon.setAttribute("aria-label", box.getAttribute("aria-label"));
  icon.tabIndex = 0;
  said();
  box.addEventListener("change", said);
  icon.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    icon.click();
    if (!box.checked || !menu) return;
    [...menu.querySelectorAll("input, .toc-tree a")].find((each) => each.offsetParent)?.focus();
  });
}
for (const [id, name] of Object.entries(MENUS)) {
  const box = document.getElementById(id);
  const menu = document.querySelector(name);
  const icon = () =>
    [...document.querySelectorAll(`label[for=${id}] > .icon`)].find((each) => each.offsetParent);
  function close() {
    if (!box.checked) return;
    box.checked = false;
    box.dispatchEvent(new Event("change"));
  }
  menu?.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget && !menu.contains(relatedTarget)) close();
  });
  menu?.addEventListener("click", (event) => event.target.closest("a") && close());
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !box.checked) return;
    close();
    icon()?.focus();
  });
}

/* Ctrl+K (and /, before the theme's own handler, which cannot open the menu) leads to the search. */
function search() {
  const field =
    document.querySelector("article input[name=q]") ?? document.querySelector(".sidebar-search");
  if (getComputedStyle(field).visibility === "hidden") {
    const box = document.getElementById("__navigation");
    box.checked = true;
    box.dispatchEvent(new Event("change"));
  }
  field.focus();
  field.select();
}
addEventListener(
  "keydown",
  (event) => {
    const writing = document.activeElement.matches("input:not([type=checkbox]), textarea");
    const asked = event.ctrlKey || event.metaKey ? event.key === "k" : event.key === "/" && !writing;
    if (!asked || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    search();
  },
  true,
);
if (matchMedia("(hover: hover)").matches) {
  document.querySelector(".sidebar-search").placeholder = "Search (Ctrl+K)";
}

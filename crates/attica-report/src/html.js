"use strict";
// Tables with one row per item sort by the column whose head is pressed: falling, rising, as printed.
const value = (text) => {
  const plain = text.replace(/\u2212/g, "-").replace(/[,\u202f*()[\]\x3c]/g, "").trim();
  return plain === "" ? NaN : Number(plain);
};
const compare = (a, b) => {
  const [x, y] = [value(a), value(b)];
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return Number.isNaN(x) ? a.localeCompare(b, document.documentElement.lang) : y - x;
};
for (const table of document.querySelectorAll("table.s")) {
  const body = table.tBodies[0];
  const printed = [...body.rows];
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  let column = 0;
  for (const head of heads) {
    const at = column;
    column += head.colSpan;
    if (head.colSpan > 1 || head.textContent === "") continue;
    const press = () => {
      const next = { none: "descending", descending: "ascending", ascending: "none" }[head.ariaSort || "none"];
      for (const other of heads) other.removeAttribute("aria-sort");
      const text = (row) => row.cells[at].textContent;
      const rows = [...printed];
      if (next !== "none") {
        head.ariaSort = next;
        const side = next === "descending" ? 1 : -1;
        const absent = (row) => text(row) === "" || text(row) === "\u2013";
        rows.sort((a, b) => absent(a) - absent(b) || side * compare(text(a), text(b)));
      }
      body.append(...rows);
    };
    head.tabIndex = 0;
    head.addEventListener("click", press);
    head.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      press();
    });
  }
}
// On a small screen the contents would push the report off it.
if (matchMedia("(max-width: 40rem)").matches) document.querySelector("nav details")?.removeAttribute("open");

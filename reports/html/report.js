"use strict";
// Filters and opening of folded parts. Everything can be read without this.
for (const form of document.querySelectorAll("form.filter")) {
  const table = document.getElementById(form.dataset.for);
  const rows = Array.from(table.querySelectorAll("tr.row"), (row) => ({
    row,
    words: (row.textContent + " " + (row.dataset.text || "")).toLowerCase(),
  }));
  const apply = () => {
    const data = new FormData(form);
    const states = new Set(data.getAll("state"));
    const area = data.get("area") || "";
    const words = (data.get("text") || "").toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const one of rows) {
      const fits =
        states.has(one.row.dataset.state) &&
        (!area || one.row.dataset.area === area) &&
        words.every((word) => one.words.includes(word));
      one.row.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    for (const body of table.tBodies) {
      body.hidden = !body.querySelector("tr.row:not([hidden])");
    }
    form.querySelector("output").textContent = `${shown} of ${rows.length}`;
  };
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  apply();
}

const reveal = () => {
  const target = document.getElementById(location.hash.slice(1));
  if (!target) return;
  for (let part = target; part; part = part.parentElement) {
    if (part instanceof HTMLDetailsElement) part.open = true;
    if (part.hidden) part.hidden = false;
  }
  target.scrollIntoView();
};
addEventListener("hashchange", reveal);
if (location.hash) reveal();

for (const part of document.querySelectorAll(".frames-part > summary")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Open all frames";
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const box = part.parentElement;
    const frames = Array.from(box.querySelectorAll(".frames > details"));
    const open = !box.open || frames.some((frame) => !frame.open);
    box.open = true;
    for (const frame of frames) frame.open = open;
    button.textContent = open ? "Close all frames" : "Open all frames";
  });
  part.append(button);
}

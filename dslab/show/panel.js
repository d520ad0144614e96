// The head of an explorer: its title, its question and its controls, as plain inputs that any keyboard works.
const element = (tag, className, parent, text = "") => {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  parent.append(made);
  return made;
};

function control(spec, parent, moved) {
  const box = element("label", `dslab-control dslab-${spec.kind}`, parent);
  const name = element("span", "dslab-name", box, spec.label);
  const value = spec.kind === "choice" ? null : element("span", "dslab-value", box);
  const input = element(spec.kind === "choice" ? "select" : "input", "dslab-input", box);
  value?.setAttribute("aria-hidden", "true");
  input.setAttribute("aria-label", spec.spoken);
  if (spec.help) {
    box.title = spec.help;
    input.setAttribute("aria-description", spec.help);
  }
  if (spec.kind === "slider") {
    Object.assign(input, { type: "range", min: 0, max: spec.texts.length - 1, step: 1 });
    const ends = element("span", "dslab-ends", box);
    ends.setAttribute("aria-hidden", "true");
    element("span", "", ends, spec.texts[0]);
    element("span", "", ends, spec.texts.at(-1));
  } else if (spec.kind === "switch") {
    input.type = "checkbox";
    input.setAttribute("role", "switch");
    box.insertBefore(input, name);
  } else {
    spec.texts.forEach((text, place) => input.append(new Option(text, place)));
  }
  let shown = null;
  const show = (place) => {
    if (place === shown) return;
    shown = place;
    if (spec.kind === "switch") input.checked = place === 1;
    else input.value = place;
    if (value) value.textContent = spec.texts[place];
    if (spec.kind === "slider") {
      input.setAttribute("aria-valuetext", spec.texts[place]);
      input.style.setProperty("--dslab-filled", `${(100 * place) / (spec.texts.length - 1)}%`);
    }
  };
  input.addEventListener(spec.kind === "slider" ? "input" : "change", () => {
    const place = spec.kind === "switch" ? Number(input.checked) : Number(input.value);
    show(place);
    moved(spec.name, place);
  });
  return show;
}

function render({ model, el }) {
  const root = element("section", "dslab-panel", el);
  const title = element("div", "dslab-title", root, model.get("title"));
  title.setAttribute("role", "heading");
  title.setAttribute("aria-level", "4");
  if (model.get("question")) element("p", "dslab-question", root, model.get("question"));
  const row = element("div", "dslab-controls", root);
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", `Controls of ${model.get("title")}`);
  const moved = (name, place) => {
    model.set("positions", { ...model.get("positions"), [name]: place });
    model.save_changes();
  };
  const shows = Object.fromEntries(model.get("controls").map((spec) => [spec.name, control(spec, row, moved)]));
  const update = () => Object.entries(model.get("positions")).forEach(([name, place]) => shows[name]?.(place));
  update();
  model.on("change:positions", update);
  // JupyterLab would take arrow keys, space and letters for commands of the notebook.
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Tab" && !event.ctrlKey && !event.metaKey && !(event.key === "Enter" && event.shiftKey)) {
      event.stopPropagation();
    }
  });
  return () => model.off("change:positions", update);
}

export default { render };

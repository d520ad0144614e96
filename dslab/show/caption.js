// What stands under the pictures: the sentence that changes with the controls, how far a long run is, and what went wrong.
const element = (tag, className, parent) => {
  const made = document.createElement(tag);
  made.className = className;
  parent.append(made);
  return made;
};

function render({ model, el }) {
  const root = element("div", "dslab-caption", el);
  const run = element("div", "dslab-run", root);
  const bar = element("progress", "", run);
  const problem = element("p", "dslab-problem", root);
  const sentence = element("p", "dslab-sentence", root);
  bar.max = 1;
  bar.setAttribute("aria-label", "The simulation is running");
  problem.setAttribute("role", "alert");
  sentence.setAttribute("aria-live", "polite");
  const write = (node, text) => node.textContent !== text && (node.textContent = text);
  const update = () => {
    const progress = model.get("progress");
    run.classList.toggle("dslab-running", progress >= 0);
    if (progress >= 0) bar.value = progress;
    write(sentence, model.get("sentence"));
    write(problem, model.get("problem") && `! ${model.get("problem")}`);
    problem.hidden = !model.get("problem");
  };
  update();
  model.on("change:sentence change:problem change:progress", update);
  return () => model.off("change:sentence change:problem change:progress", update);
}

export default { render };

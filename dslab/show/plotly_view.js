// Draws one picture with plotly.js, which the kernel sends once for the whole page. All views of the page share `page`.
const DARK = __DARK__; // what a dark page shows instead of each colour of the light theme
const page = (globalThis.__dslabPlotly ??= {});
const QUIET = 250; // milliseconds without a new picture after which plotly.js is started
const PATIENCE = 3000; // milliseconds without plotly.js after which the table is shown meanwhile

const isDark = () => {
  const light = document.body.dataset.jpThemeLight;
  if (light) return light === "false";
  return document.body.classList.contains("vscode-dark") || document.documentElement.getAttribute("theme") === "dark";
};

function tinted(value) {
  if (typeof value === "string") {
    return DARK[value] ?? (value.includes("color:") ? value.replace(/#[0-9A-F]{6}/g, (hex) => DARK[hex] ?? hex) : value);
  }
  if (Array.isArray(value)) return typeof value.at(-1) === "number" ? value : value.map(tinted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, tinted(part)]));
}

async function unpacked(buffer, gzip) {
  if (!gzip) return buffer;
  const stream = new Blob([buffer]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

// anywidget gives a widget two seconds to start, and plotly.js may keep a slow page busy for longer: let all start first.
async function quiet() {
  const latest = performance.now() + 3000;
  while (performance.now() < Math.min(page.born + QUIET, latest)) await new Promise((next) => setTimeout(next, 50));
}

async function evaluated(code) {
  await quiet();
  const parts = ["const module = {exports: {}}, exports = module.exports;\n", code, "\nexport default module.exports;"];
  const url = URL.createObjectURL(new Blob(parts, { type: "text/javascript" }));
  try {
    return (await import(url)).default;
  } finally {
    URL.revokeObjectURL(url);
  }
}

function ask(model) {
  page.asker = model;
  page.plotly = new Promise((resolve, reject) => {
    const answer = async (message, buffers) => {
      if (message?.kind !== "plotly.js") return;
      model.off("msg:custom", answer);
      try {
        if (message.problem) throw Error(message.problem);
        resolve(await evaluated(await unpacked(buffers[0], message.gzip)));
      } catch (error) {
        reject(error);
      }
    };
    model.on("msg:custom", answer);
    model.on("comm_live_update", () => page.asker === model && reject(Error("the kernel went away")));
    model.send({ kind: "plotly.js", gzip: typeof DecompressionStream === "function" });
  });
  page.plotly.then(
    () => (page.asker = null),
    () => (page.asker = page.plotly = null),
  );
  return page.plotly;
}

// One request for the page; a view that waited for another's request which failed asks once itself.
async function library(model) {
  if (globalThis.Plotly?.react) return globalThis.Plotly;
  const shared = page.plotly;
  if (!shared) return ask(model);
  return shared.catch(() => page.plotly ?? ask(model));
}

// First drawings come one after another, so that the page can answer in between.
function inTurn(work) {
  page.turn = (page.turn ?? Promise.resolve()).then(work).then(() => new Promise((next) => setTimeout(next)));
}

const element = (tag, className, parent) => {
  const made = document.createElement(tag);
  made.className = className;
  parent.append(made);
  return made;
};

function render({ model, el }) {
  const root = element("figure", "dslab-picture", el);
  const plot = element("div", "dslab-plot", root);
  const word = element("p", "dslab-word", root);
  const twin = element("details", "dslab-twin", root);
  element("summary", "", twin).textContent = "The same as a table";
  const table = element("div", "dslab-table", twin);
  let plotly = null;
  let gone = false;
  let queued = false;
  plot.setAttribute("role", "img");
  word.hidden = true;

  const write = () => {
    plot.setAttribute("aria-label", model.get("alt"));
    if (twin.open) table.innerHTML = model.get("table");
  };
  const draw = () => {
    queued = false;
    plot.style.height = `${model.get("figure").layout.height}px`;
    write();
    if (gone || !plotly || !plot.clientWidth) return; // when it is shown, it has a width and is drawn
    const { data, layout, config } = isDark() ? tinted(model.get("figure")) : structuredClone(model.get("figure"));
    try {
      plotly.react(plot, data, { ...layout, width: plot.clientWidth }, config);
    } catch (error) {
      instead(`The picture could not be drawn (${error.message}). Its numbers:`);
    }
  };
  const later = () => {
    if (!queued) requestAnimationFrame(draw);
    queued = true;
  };
  const instead = (text) => {
    word.textContent = text;
    word.hidden = !text;
    plot.hidden = Boolean(text);
    twin.open = Boolean(text);
  };

  const size = new ResizeObserver(() => plot.clientWidth && plot.clientWidth !== plot._fullLayout?.width && later());
  const theme = new MutationObserver(later);
  size.observe(root);
  theme.observe(document.body, { attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
  twin.addEventListener("toggle", write);
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Tab" && !event.ctrlKey && !event.metaKey && !event.shiftKey) event.stopPropagation();
  });
  model.on("change:figure", draw);
  model.on("change:alt change:table", write);
  draw();
  const waiting = setTimeout(() => instead("The drawing has not arrived yet. Meanwhile, its numbers:"), PATIENCE);
  library(model).then(
    (loaded) => {
      clearTimeout(waiting);
      if (gone) return;
      plotly = loaded;
      if (!word.hidden) instead("");
      inTurn(draw);
    },
    (error) => {
      clearTimeout(waiting);
      instead(`The drawing could not be loaded (${error.message}). Its numbers:`);
    },
  );
  return () => {
    gone = true;
    size.disconnect();
    theme.disconnect();
    model.off("change:figure", draw);
    model.off("change:alt change:table", write);
    plotly?.purge(plot);
  };
}

function initialize() {
  page.born = performance.now();
}

export default { initialize, render };

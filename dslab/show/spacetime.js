// The space-time diagram. It receives a whole trace (dslab/sim/trace.py, version 1) and the words about it
// (spacetime_words.py) once, and needs no kernel to draw it and to step through it. Read `layout` for where things go,
// `picture` for what they look like and `View.show` for what changes at each step.

const VERSION = 1;
const OVERVIEW = -1; // the position at which the whole run is shown
const LEFT = 26, RIGHT = 44, ROW = 16, BAR = 15; // pixels: margins, a row of text, one more operation on a lane
const TIGHT = 20, LOOSE = 42, WIDE = 72; // pixels from event to event: the least that fits, when it scrolls, the most
const RELATIONS = { N: 'this event', P: 'past', F: 'future', C: 'concurrent' };

// ---------- small helpers ----------

const escaped = text => String(text).replace(/[&<>"]/g, sign => `&#${sign.charCodeAt(0)};`);
const inserted = value => (value === null || value === undefined || value === false ? ''
  : Array.isArray(value) ? value.map(inserted).join('') : value.html ?? escaped(value));
const t = (strings, ...values) => ({ html: String.raw({ raw: strings }, ...values.map(inserted)) }); // markup; values are escaped
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
const px = value => Math.round(value * 10) / 10;
const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

function say(value) { // as value_text in spacetime_words.py
  if (value === null || value === undefined) return 'none';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return `[${value.map(say).join(', ')}]`;
  if (typeof value === 'object') return `{${Object.entries(value).map(([key, item]) => `${key}: ${say(item)}`).join(', ')}}`;
  return String(value);
}

function ruler(element) { // the width of a text, without laying it out
  const pen = document.createElement('canvas').getContext('2d'), { fontFamily } = getComputedStyle(element);
  return (text, weight = 400) => {
    pen.font = `${weight} 13px ${fontFamily}`;
    return pen.measureText(text).width;
  };
}

function clipped(text, room, measure) {
  let end = text.length;
  while (end > 1 && measure(text.slice(0, end)) > room) end -= 1;
  return end < text.length ? `${text.slice(0, end)}…` : text;
}

const written = (x, y, text, { anchor = 'middle', more = '' } = {}) => t`<text x="${px(x)}" y="${y}" text-anchor="${anchor}" ${more}>${text}</text>`;

// ---------- what the trace says ----------

function study({ trace, ...words }) {
  const { events } = trace;
  let first = 0; // the lanes' starts are one moment: that of the last of them
  while (events[first + 1]?.kind === 'start') first += 1;
  const lane = new Map(trace.lanes.map(({ id }, i) => [id, i]));
  return { trace, events, words, lane, first, last: events.length - 1, arrows: journeys(trace) };
}

function journeys({ events, messages }) { // one for each arrival of a message, one for each message that never arrived
  return messages.flatMap((message, i) => {
    const ends = events.filter(event => event.kind === 'receive' && event.message === message.id).map(({ id }) => id);
    return (ends.length ? ends : [message.received ?? null]).map(end => ({ i, message, sent: message.sent, end }));
  });
}

function relations({ events }, now) { // of each event to the event `now`
  const found = events.map(() => 'C');
  found[now] = 'N';
  for (let id = now; id >= 0; id--) if ('NP'.includes(found[id])) for (const cause of events[id].causes) found[cause] = 'P';
  for (let id = now + 1; id < events.length; id++) if (events[id].causes.some(cause => 'NF'.includes(found[cause]))) found[id] = 'F';
  return found;
}

function statesAt({ events }, now) { // of each lane: its state, what it was before `now`, whether it is down
  const known = {};
  for (const { id, lane, kind, state } of events.slice(0, now + 1)) {
    const old = known[lane], down = kind === 'crash' || (kind !== 'restart' && Boolean(old?.down));
    known[lane] = { state: state ?? old?.state ?? {}, was: id === now && state && old ? old.state : null, down };
  }
  return known;
}

function clockText({ trace }, { clocks }, name) {
  const value = clocks?.[name];
  if (value === undefined) return '';
  if (name === 'vector') return `[${trace.lanes.map(({ id }) => value[id] ?? 0).join(' ')}]`;
  return Array.isArray(value) ? value.join('+') : String(value);
}

// ---------- where things go ----------

function orderScale(info, o) {
  const { events, first, last } = info, fit = (o.width - LEFT - RIGHT) / Math.max(1, last - first);
  const pitch = o.pitch ?? (fit >= TIGHT ? Math.min(fit, WIDE) : LOOSE);
  const x = id => LEFT + Math.max(0, id - first) * pitch;
  const width = Math.max(o.width, x(last) + RIGHT);
  const at = (time, lanes) => { // a fault begins or ends at an event of its own, or else between two events
    const own = events.find(e => e.t === time && lanes.includes(e.lane) && ['crash', 'restart', 'fault'].includes(e.kind));
    if (own) return x(own.id);
    const next = events.findIndex(e => e.t >= time);
    return next < 0 ? width - 4 : next <= first ? x(0) : (x(next - 1) + x(next)) / 2;
  };
  return { x, at, width, pitch, title: 'event', ticks: events.slice(first).map(({ id }) => ({ x: x(id), text: id })) };
}

function timeScale({ events, last }, o) {
  const begin = events[0].t, end = events[last].t, span = Math.max(1, end - begin);
  const [size, name] = end < 1e4 ? [1, 'µs'] : end < 1e7 ? [1e3, 'ms'] : [1e6, 's']; // as time_unit in spacetime_words.py
  const width = Math.max(o.width, 14 * new Set(events.map(e => e.t)).size), scale = (width - LEFT - RIGHT) / span;
  const at = time => LEFT + (time - begin) * scale;
  const power = 10 ** Math.floor(Math.log10(70 / scale)), step = Math.max(1, [1, 2, 5, 10].find(m => m * power * scale >= 70) * power);
  const ticks = [];
  for (let time = Math.ceil(begin / step) * step; time <= end; time += step) ticks.push({ x: at(time), text: +(time / size).toFixed(3) });
  return { x: id => at(events[id].t), at, width, pitch: 34, title: `time (${name})`, ticks };
}

function layout(info, o) {
  const scale = (o.axis === 'time' ? timeScale : orderScale)(info, o);
  const lanes = info.trace.lanes.map(() => ({ up: [], down: [], bars: 0 }));
  const shift = o.axis === 'time' ? spread(info, scale) : info.events.map(() => 0);
  const half = shift.some(Boolean) ? 30 : 13; // of the band around a lane's line in which nothing is written
  const bars = operationBars(info, scale, lanes);
  const items = captions(info, o, scale).map(item => put(item, lanes[item.lane], scale.width));
  const at = id => ({ x: scale.x(id), y: lanes[info.lane.get(info.events[id].lane)].y + shift[id] });
  const plan = { scale, lanes, bars, half, at };
  for (let rows = o.roomy ? 2 : 1; rows <= 4 && !plan.clear; rows++) { // more room between lanes until no label covers another
    stack(lanes, { half, gap: Math.max(o.gap, rows * ROW + 8), top: info.words.no_return === null ? 24 : 40, least: o.roomy ? 1 : 0 });
    plan.texts = items.map(item => ({ ...item, y: rowTop(item, lanes[item.lane], half) }));
    Object.assign(plan, arrowsOf(info, o, plan));
  }
  plan.height = lanes.at(-1).bottom + 30;
  return plan;
}

function spread({ events }, { x }) { // by time, events of one lane that would cover each other step down and up
  const last = new Map();
  return events.map(({ id, lane }) => {
    const before = last.get(lane), turn = before && x(id) - before.x < 19 ? (before.turn + 1) % 3 : 0;
    last.set(lane, { x: x(id), turn });
    return [0, 18, -18][turn];
  });
}

function operationBars(info, scale, lanes) { // operations of one lane that overlap in time lie above each other
  return info.trace.operations.map(operation => {
    const lane = lanes[info.lane.get(operation.lane)], ends = lane.ends ??= [];
    const free = ends.findIndex(end => end < operation.invoked), level = free < 0 ? ends.length : free;
    ends[level] = operation.returned ?? Infinity;
    lane.bars = Math.max(lane.bars, level);
    const to = operation.returned === null ? scale.width - 6 : scale.x(operation.returned);
    return { operation, lane, level, from: scale.x(operation.invoked), to };
  });
}

function captions(info, o, scale) { // everything written at a lane, the most important first
  const { trace, events, words } = info;
  const at = id => ({ id, lane: info.lane.get(events[id].lane), x: scale.x(id), sides: ['up'] });
  const items = [
    ...trace.faults.map(({ from, lanes, label }) => (
      { lane: info.lane.get(lanes[0]), sides: ['up'], x: scale.at(from, lanes) + 3, from, left: true, kind: 'fault', text: label })),
    ...trace.operations.map(({ invoked }, i) => ({ ...at(invoked), x: scale.x(invoked) - 7, left: true, kind: 'call', text: words.operations[i] })),
    ...words.flags.map(([event], i) => ({ ...at(event), kind: 'flag', pad: 12, text: i + 1 })),
    ...trace.verdicts.map(({ event, invariant }) => ({ ...at(event), kind: 'verdict', pad: 22, text: `violated: ${invariant}` })),
    ...events.map(event => ({ ...at(event.id), kind: 'clock', text: clockText(info, event, o.clock) })),
    ...events.map(({ id }) => ({ ...at(id), kind: 'label', text: clipped(words.captions[id], 190, o.measure) })),
  ].filter(({ text }) => text);
  for (const item of items) {
    if (item.kind === 'label') item.sides = item.lane ? ['down', 'up'] : ['up', 'down'];
    item.w = o.measure(item.text, ['fault', 'verdict'].includes(item.kind) ? 600 : 400) + (item.pad ?? 2);
  }
  return items;
}

function put(item, lane, width) { // into the first row, above or below its lane, in which it covers nothing
  for (let row = 0; ; row++)
    for (const side of item.sides)
      for (const shift of item.left ? [0] : [-item.w / 2, -9, 9 - item.w]) {
        const left = clamp(item.x + shift, 2, Math.max(2, width - item.w - 2)), taken = lane[side][row] ??= [];
        if (taken.some(([from, to]) => left + item.w + 5 > from && left < to + 5)) continue;
        taken.push([left, left + item.w]);
        return { ...item, left, side, row };
      }
}

const rowTop = ({ side, row }, lane, half) => (side === 'up' ? lane.y - half - lane.bars * BAR - (row + 1) * ROW : lane.y + half + row * ROW);

function stack(lanes, { half, gap, top, least }) { // above `top` stand the names of the cursor and of the point of no return
  const rows = side => Math.max(least, side.filter(taken => taken.length).length) * ROW;
  for (const lane of lanes) {
    const y = top + rows(lane.up) + lane.bars * BAR + half;
    Object.assign(lane, { top, y, gap, bottom: y + half + rows(lane.down) });
    top = lane.bottom + gap;
  }
}

function arrowsOf(info, o, plan) { // the arrows with their labels, and whether no label covers anything
  const taken = plan.texts.map(({ left, y, w }) => ({ x: left, y, w }));
  let clear = true;
  const arrows = info.arrows.map(arrow => {
    const ends = arrowEnds(info, arrow, plan), text = clipped(info.words.messages[arrow.i], 180, o.measure), w = o.measure(text) + 4;
    if (ends.broken) taken.push({ x: ends.b.x - 8, y: ends.b.y - 8, w: 16 });
    const spots = labelSpots(ends, plan, w).map(([x, y, odd]) => ({ x: clamp(x, 2, plan.scale.width - w - 2), y, w, odd }));
    for (const spot of spots) spot.cost = taken.reduce((sum, other) => sum + overlap(spot, other), 0);
    const label = spots.reduce((best, spot) => (spot.cost + spot.odd < best.cost + best.odd ? spot : best));
    clear &&= label.cost === 0;
    taken.push(label);
    return { ...arrow, ...ends, text, label };
  });
  return { arrows, clear };
}

const overlap = (a, b) => Math.max(0, Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x) + 3) * Math.max(0, ROW - Math.abs(a.y - b.y));

function arrowEnds(info, { sent, end, message }, { at, lanes, scale }) { // what never arrived breaks off before the next lane
  const a = at(sent);
  if (end !== null) return { a, b: at(end) };
  const from = lanes[info.lane.get(info.events[sent].lane)], to = lanes[info.lane.get(message.dst)];
  const y = to === from ? a.y : to.y > from.y ? from.bottom + from.gap - 9 : from.top - from.gap + 9;
  return { a, b: { x: Math.min(a.x + Math.max(scale.pitch, 34), scale.width - 9), y }, broken: true };
}

function labelSpots({ a, b }, { lanes, half }, w) { // on the arrow between the lanes, or a little beside it: [x, y, how odd]
  const low = Math.min(a.y, b.y), high = Math.max(a.y, b.y), spots = [];
  for (let y = low + 12; y + ROW < high - 6; y += 6) {
    if (lanes.some(lane => Math.abs(y + ROW / 2 - lane.y) < half + 7)) continue;
    const part = (y + ROW / 2 - a.y) / (b.y - a.y);
    for (const beside of [0, w * 0.4, -w * 0.4, w / 2 + 9, -w / 2 - 9])
      spots.push([a.x + part * (b.x - a.x) - w / 2 + beside, y, Math.abs(part - 0.5) * 20 + Math.abs(beside) / 5]);
  }
  return spots.length ? spots : [[(a.x + b.x - w) / 2, low === high ? low - 34 : (low + high - ROW) / 2, 0]];
}

// ---------- what it looks like ----------

const GLYPHS = { // of events; the others are dots
  crash: 'M-6-6L6 6M-6 6L6-6', fault: 'M-6-6L6 6M-6 6L6-6', restart: 'M-6 5L0-6L6 5Z', timer: 'M0-7L6 0L0 7L-6 0Z',
  note: 'M-4-4H4V4H-4Z', start: 'M0-8V8', end: 'M0-8V8',
};
const ENDS = { ok: 'M0-7V7', fail: 'M-5-5L5 5M-5 5L5-5', info: 'M-4-4Q5-9 3-1Q0 1 0 4M0 7V8', open: 'M-4-6L4 0L-4 6' }; // of operations

function picture(info, plan, id, alt) {
  const { scale: { width }, lanes, height } = plan;
  return t`<svg width="${px(width)}" height="${height}" role="img" aria-label="${alt}">
    <defs><pattern id="${id}" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
    <line class="hatch" y2="7"/></pattern></defs>
    ${lanes.map(({ y }) => t`<line class="lane" x2="${width}" y1="${y}" y2="${y}"/>`)}
    ${bands(info, plan, id)}${wakes(info, plan)}${plan.bars.map(barOf)}${noReturn(info, plan)}
    <g class="cursor"><line y1="20" y2="${height - 26}"/><rect y="2" height="18" rx="4"/><text y="15" text-anchor="middle"></text></g>
    ${plan.arrows.map(arrowOf)}${info.events.map(event => eventOf(event, plan))}${plan.texts.map(item => textOf(item, plan))}
    ${plan.arrows.map(({ label, text }, i) => written(label.x + label.w / 2, label.y + 12, text, { more: t`class="message" data-arrow="${i}"` }))}
    ${axis(plan)}</svg>`.html;
}

function bands(info, { scale, lanes, height }, id) {
  return info.trace.faults.flatMap(fault => fault.lanes.filter(lane => info.lane.has(lane)).map(name => {
    const x = scale.at(fault.from, fault.lanes), end = fault.to === null ? scale.width : scale.at(fault.to, fault.lanes);
    const lane = lanes[info.lane.get(name)];
    return t`<rect class="band" data-from="${fault.from}" x="${px(x)}" width="${px(Math.max(3, end - x))}" y="${lane.top - 3}"
      height="${Math.min(lane.bottom, height) - lane.top + 6}" fill="url(#${id})"/>`;
  }));
}

function wakes({ events }, { at }) { // one lane made another go on without a message
  return events.flatMap(({ id, lane, kind, causes }) => causes.filter(cause => events[cause].lane !== lane && kind !== 'receive').map(cause =>
    t`<line class="wake" x1="${at(cause).x}" y1="${at(cause).y}" x2="${at(id).x}" y2="${at(id).y}"/>`));
}

function barOf({ operation: { status, returned, invoked }, lane, level, from, to }, i) {
  const y = lane.y - level * BAR, open = returned === null;
  return t`<g class="bar ${status}" data-bar="${i}" data-go="${invoked}">
    <rect x="${px(from - 7)}" y="${y - 7}" height="14" rx="3" width="${px(to - from + (open ? 7 : 14))}"/>
    <path d="${ENDS[status] ?? ENDS.open}" transform="translate(${px(to + (open ? -2 : 7))} ${y})"/></g>`;
}

function noReturn({ words }, { scale, height }) {
  if (words.no_return === null) return null;
  const x = px(scale.x(words.no_return)), before = x > scale.width - 150;
  return t`<g class="no-return" data-go="${words.no_return}"><line x1="${x}" x2="${x}" y1="22" y2="${height - 26}"/>
    ${written(x + (before ? -5 : 5), 35, 'point of no return', { anchor: before ? 'end' : 'start' })}</g>`;
}

function arrowOf({ a, b, broken, message }, i) {
  const length = Math.hypot(b.x - a.x, b.y - a.y) || 1, stop = broken ? 0 : 7 / length, own = a.y === b.y;
  const x = px(b.x - (b.x - a.x) * stop), y = px(b.y - (b.y - a.y) * stop) - (own ? 6 : 0);
  const turn = own ? 60 : Math.atan2(b.y - a.y, b.x - a.x) * 180 / Math.PI;
  const d = own ? `M${px(a.x)} ${a.y}Q${px((a.x + b.x) / 2)} ${a.y - 44} ${x} ${y}` : `M${px(a.x)} ${px(a.y)}L${x} ${y}`; // to its own lane: bent
  const end = message.status === 'lost' && broken ? t`<path class="cross" d="M-7-7L7 7M-7 7L7-7" transform="translate(${x} ${y})"/>`
    : t`<path class="head" d="M0 0L-10-4.5L-10 4.5Z" transform="translate(${x} ${y}) rotate(${px(turn)})"/>`;
  return t`<g class="arrow ${message.status.replace(' ', '-')}" data-arrow="${i}" data-go="${message.sent}">
    <path class="reach" d="${d}"/><path class="shaft" d="${d}"/>${end}<rect class="token" x="-6" y="-4" width="12" height="8" rx="2"/></g>`;
}

function eventOf({ id, kind }, { at }) {
  const { x, y } = at(id), dot = ['send', 'receive'].includes(kind) ? 4 : 5;
  return t`<g class="event ${kind}" data-event="${id}" data-go="${id}" transform="translate(${px(x)} ${y})"><circle class="reach" r="13"/>
    ${GLYPHS[kind] ? t`<path class="glyph" d="${GLYPHS[kind]}"/>` : t`<circle class="glyph" r="${dot}"/>`}<g class="mark"></g></g>`;
}

function mark(letter) { // filled, hollow, dashed: told apart without colour, and by the letter
  if (!letter || letter === 'N') return t`${letter && t`<circle r="11"/>`}`.html;
  const shape = letter === 'F' ? t`<rect x="-8.5" y="-8.5" width="17" height="17" rx="2"/>` : t`<circle r="9"/>`;
  return t`${shape}<text y="4.5" text-anchor="middle">${letter}</text>`.html;
}

const spans = (now, from, to) => from <= now && now < (to ?? Infinity);

function stateLines(state, was) { // what changed is marked by a word
  const lines = Object.entries(state).map(([key, value]) => {
    const changed = was && say(was[key]) !== say(value), how = changed && (key in was ? `was ${say(was[key])}` : 'new');
    return t`<div ${changed && t`class="changed"`}><b>${key}</b> ${say(value)}${changed && t` <em>◂ ${how}</em>`}</div>`;
  });
  const gone = Object.keys(was ?? {}).filter(key => !(key in state));
  return [lines, gone.map(key => t`<div class="changed"><b>${key}</b> <em>◂ gone</em></div>`)];
}

const SYMBOLS = {
  verdict: item => t`<path class="octagon" d="M-3-7H3L7-3V3L3 7H-3L-7 3V-3Z" transform="translate(${px(item.left + 9)} ${item.y + 8})"/>`,
  flag: item => t`<path class="flag" d="M0 0H22L17 7.5L22 15H0Z" transform="translate(${px(item.left - 1)} ${item.y})"/>`,
};

function textOf(item, { at }) {
  const { id, kind, left, w, y, side, row, text, from } = item, up = side === 'up', own = id !== undefined;
  const far = own && kind !== 'call' && (row || kind === 'flag') ? at(id) : null; // so far that a line leads to it
  const leader = far && t`<line class="leader" x1="${px(far.x)}" x2="${px(far.x)}" y1="${up ? y + ROW : y}" y2="${far.y + (up ? -8 : 8)}"/>`;
  const place = kind === 'verdict' ? written(left + w - 2, y + 12, text, { anchor: 'end' }) : written(left + w / 2, y + 12, text);
  return t`<g class="text ${kind}" data-event="${own ? id : -1}" data-from="${from ?? -1}" ${own && t`data-go="${id}"`}>
    ${leader}${SYMBOLS[kind]?.(item)}${place}</g>`;
}

function axis({ scale, height }) {
  const digits = String(scale.ticks.at(-1)?.text ?? '').length, y = height - 24;
  const every = scale.title === 'event' ? [1, 2, 5, 10, 20, 50, 100].find(n => n * scale.pitch >= 8 * digits + 8) ?? 200 : 1;
  return t`<g class="axis"><line x2="${scale.width}" y1="${y}" y2="${y}"/>${scale.ticks.filter(({ text }) => every === 1 || text % every === 0).map(({ x, text }) =>
    t`<line x1="${px(x)}" x2="${px(x)}" y1="${y}" y2="${y + 5}"/>${written(x, y + 18, text)}`)}</g>`;
}

// ---------- the page around it ----------

const KEYS = { // what each does; the buttons press the same keys
  ArrowRight: view => view.step(1), ArrowLeft: view => view.step(-1), Home: view => view.go(view.info.first), End: view => view.go(view.info.last),
  ArrowUp: view => view.across(-1), ArrowDown: view => view.across(1), PageUp: view => view.along(-1), PageDown: view => view.along(1),
  Escape: view => view.go(OVERVIEW), ' ': view => view.play(),
};
const BUTTONS = [
  ['Home', '« First', 'First event (Home)'], ['ArrowLeft', '‹ Back', 'One event back (left arrow)'],
  ['ArrowRight', 'Next ›', 'Next event (right arrow)'], ['End', 'Last »', 'Last event (End)'], [' ', 'Play', 'Play or pause (space)'],
];
const CLOCKS = [['none', 'none'], ['lamport', 'Lamport'], ['vector', 'vector'], ['hlc', 'hybrid logical']];
const HELP = 'Diagram. Left and right arrows step, up and down arrows change the lane, page keys stay on the lane, Escape shows the whole run.';

function page(view) {
  const { info, axis: chosen, clock, marks } = view, { words, events } = info;
  const clocks = CLOCKS.filter(([name]) => name === 'none' || events.some(event => event.clocks?.[name] !== undefined));
  const axes = events[info.last].t > events[0].t ? [['order', 'order of events'], ['time', 'time, to scale']] : [];
  const buttons = BUTTONS.map(([key, text, name]) => t`<button type="button" data-key="${key}" title="${name}" aria-label="${name}">${text}</button>`);
  return t`<div class="steer">${buttons}
    <input type="range" min="${Math.min(info.first - 1, info.last)}" max="${info.last}" step="1" aria-label="Event"><span class="counter"></span>
    ${select('axis', 'Axis', axes, chosen)}${select('clock', 'Clocks', clocks, clock)}
    <label><input type="checkbox" data-set="marks" ${marks && 'checked'}> Causality</label></div>
    ${(words.places.length > 0 || view.panel) && t`<div class="places" role="group" aria-label="Go to">${words.places.length > 0 && 'Go to '}${words.places.map(([event, sign, text]) =>
      t`<button type="button" data-go="${event}" title="Go to event ${event}"><span aria-hidden="true">${sign}</span> ${text}</button>`)}</div>`}
    <div class="stage"><div class="names"></div><div class="scroller" tabindex="0" role="group" aria-label="${HELP}"></div>
    <div class="states" role="group" aria-label="State of each lane"></div></div>
    <div class="legend">${Object.entries(LEGEND).map(sample)}</div>
    <div class="below"><div class="now"><p class="sentence" aria-live="polite"></p><p class="busy"></p></div>
    <div class="log">${table(words)}</div></div>`.html;
}

const select = (name, label, options, chosen) => options.length > 1 && t`<label>${label} <select data-set="${name}" aria-label="${label}">
  ${options.map(([value, text]) => t`<option value="${value}" ${value === chosen && 'selected'}>${text}</option>`)}</select></label>`;
const LEGEND = { N: 'this event', P: 'past: may have caused it', F: 'future: it may have caused', C: 'concurrent: neither' };
const sample = ([letter, text]) => t`<span><svg width="24" height="24" viewBox="-12 -12 24 24" aria-hidden="true">
  <g class="${letter}"><g class="mark">${{ html: mark(letter) }}</g></g></svg>${text}</span>`;
const HEADS = ['#', 'time', 'lane', 'what happened', 'causality'];
const table = ({ rows }) => t`<table><caption>Log of all events</caption>
  <thead><tr>${HEADS.map(head => t`<th scope="col">${head}</th>`)}</tr></thead><tbody>${rows.map(([time, lane, text], id) => t`<tr data-go="${id}">
  <th scope="row"><button type="button" tabindex="-1" aria-label="Event ${id}">${id}</button></th><td>${time}</td><td>${lane}</td><td>${text}</td><td></td></tr>`)}
  </tbody></table>`;

// ---------- what the reader can do ----------

const PARTS = ['counter', 'names', 'scroller', 'states', 'legend', 'sentence', 'busy', 'log'];

class View {
  constructor(model, el, extend) {
    // Each widget loads this module anew, so only chance keeps the ids of one page apart.
    Object.assign(this, { model, id: `dst-${Math.random().toString(36).slice(2)}`, position: OVERVIEW, clock: 'none', marks: !extend, axis: model.get('axis') });
    this.root = document.createElement('section');
    this.root.className = 'dst';
    this.root.dataset.lmSuppressShortcuts = 'true'; // so that JupyterLab leaves the keys to us
    this.body = document.createElement('div');
    this.title = document.createElement('div');
    for (const [name, value] of [['class', 'title'], ['role', 'heading'], ['aria-level', 4]]) this.title.setAttribute(name, value);
    this.panel = extend?.(this);
    this.root.append(...[this.title, this.panel?.element, this.body].filter(Boolean));
    el.append(this.root);
    for (const type of ['click', 'keydown', 'input', 'change']) this.root.addEventListener(type, event => this[type](event));
    this.listen();
    this.rebuild();
  }

  listen() {
    this.watch = new ResizeObserver(() => this.root.clientWidth !== this.width && this.redraw());
    this.watch.observe(this.root);
    const later = () => { this.due ??= Promise.resolve().then(() => { this.due = null; this.rebuild(); }); }; // one message, one redraw
    this.listeners = {
      'change:trace': later, 'change:title': later, 'change:state': later,
      'change:axis': () => { this.axis = this.model.get('axis'); later(); },
      'change:position': () => this.model.get('position') !== this.position && this.go(this.model.get('position')),
    };
    for (const [name, call] of Object.entries(this.listeners)) this.model.on(name, call);
  }

  remove() {
    this.pause();
    clearTimeout(this.syncing);
    this.watch.disconnect();
    for (const [name, call] of Object.entries(this.listeners)) this.model.off(name, call);
  }

  // -- building --

  rebuild() { // all but the position and the width may have changed
    const sent = this.model.get('trace'), { version, events } = sent.trace, inside = this.body.contains(this.root.getRootNode().activeElement);
    this.pause();
    this.info = null;
    this.title.textContent = this.model.get('title');
    this.root.setAttribute('aria-label', this.title.textContent);
    if (version === VERSION && events.length) {
      this.info = study(sent);
      this.body.innerHTML = page(this);
      for (const name of PARTS) this[name] = this.body.querySelector(`.${name}`);
      this.slider = this.body.querySelector('input[type=range]');
      this.player = this.body.querySelector('[data-key=" "]');
      this.position = this.panel ? this.info.last : clamp(this.model.get('position'), OVERVIEW, this.info.last);
      this.redraw();
      if (inside) this.scroller.focus({ preventScroll: true });
    } else this.body.innerHTML = t`<p class="sentence">${version === VERSION ? 'Nothing has happened yet.'
      : `This trace is of version ${version}; this diagram reads version ${VERSION}. A newer dslab can show it.`}</p>`.html;
    this.panel?.refresh();
  }

  redraw() { // the width, the axis or the clocks have changed
    const width = this.width = this.root.clientWidth;
    if (!this.info || !width) return;
    const { info, scroller, names, states } = this, { lanes } = info.trace, narrow = width < 760;
    this.measure = ruler(this.root);
    this.root.classList.toggle('narrow', narrow);
    names.style.width = `${clamp(Math.max(...lanes.map(({ label }) => this.measure(label, 600))) + 18, 64, narrow ? 100 : 150)}px`;
    states.style.width = narrow ? '' : `${clamp(width * 0.2, 170, 260)}px`;
    const plan = this.plan = layout(info, {
      axis: this.axis, clock: this.clock, width: scroller.clientWidth, measure: this.measure, gap: lanes.length > 4 ? 24 : 34,
      pitch: this.panel && 46, roomy: Boolean(this.panel),
    });
    scroller.innerHTML = picture(info, plan, this.id, info.words.sentence);
    names.style.height = states.style.height = `${plan.height}px`;
    if (narrow) states.style.height = '';
    names.innerHTML = t`${lanes.map(({ label, kind }, i) => t`<div style="top:${plan.lanes[i].y - 18}px"><b>${label}</b><span>${kind}</span></div>`)}
      <div class="axis-name" style="top:${plan.height - 22}px">${plan.scale.title}${plan.scale.width > scroller.clientWidth + 1 && ' (scrolls ↔)'}</div>`.html;
    this.parts = Object.fromEntries(['event', 'arrow', 'bar', 'from'].map(name => [name, [...scroller.querySelectorAll(`[data-${name}]`)]]));
    this.logged = [...this.log.querySelectorAll('tbody tr')];
    const { focus } = info.words; // the part worth seeing first, a little right of the middle
    if (this.position === OVERVIEW && focus !== null) scroller.scrollLeft = plan.scale.x(focus) - scroller.clientWidth * 0.6;
    this.show();
  }

  // -- moving --

  go(position) {
    if (!this.info || (position !== OVERVIEW && !this.info.events[position])) return;
    this.position = position;
    this.show();
    if (this.panel) return;
    clearTimeout(this.syncing); // the kernel hears where the reader rests; without a kernel nothing is lost
    this.syncing = setTimeout(() => {
      if (this.model.get('position') === position) return;
      this.model.set('position', position);
      try { this.model.save_changes(); } catch { /* no kernel */ }
    }, 400);
  }
  step(by) {
    const { first, last } = this.info, at = this.position;
    if (at === OVERVIEW) this.go(by > 0 ? first : last);
    else this.go(by < 0 && at <= first ? OVERVIEW : clamp(at + by, first, last));
  }
  along(by) { // to the next event of the same lane
    const { events } = this.info, lane = events[this.position]?.lane;
    let id = this.position + by;
    while (events[id] && events[id].lane !== lane) id += by;
    if (events[id]) this.go(id);
  }
  across(by) { // to the nearest event of the next lane, above or below
    const { events, lane, trace, first } = this.info, at = Math.max(this.position, first);
    const far = ({ id }) => Math.abs(this.plan.at(id).x - this.plan.at(at).x);
    for (let row = lane.get(events[at].lane) + by; trace.lanes[row]; row += by) {
      const there = events.filter(event => event.lane === trace.lanes[row].id && event.kind !== 'start');
      if (there.length) return this.go(there.reduce((best, event) => (far(event) < far(best) ? event : best)).id);
    }
  }
  play() {
    if (this.playing) return this.pause();
    if ([OVERVIEW, this.info.last].includes(this.position)) this.go(this.info.first);
    this.playing = setInterval(() => (this.position < this.info.last ? this.step(1) : this.pause()), calm() ? 2000 : 900);
    this.player.textContent = 'Pause';
  }
  pause() {
    if (!this.playing) return;
    clearInterval(this.playing);
    this.playing = null;
    this.player.textContent = 'Play';
  }

  // -- what the page tells --

  click({ target }) {
    const { key, go } = target.closest('[data-key], [data-go]')?.dataset ?? {};
    if (go !== undefined) {
      this.pause();
      this.go(Number(go));
    } else KEYS[key]?.(this);
  }
  input({ target }) {
    if (target === this.slider) this.go(Number(target.value) < this.info.first ? OVERVIEW : Number(target.value));
  }
  change({ target }) {
    const name = target.dataset.set;
    if (!name) return;
    this[name] = name === 'marks' ? target.checked : target.value;
    if (name === 'marks') this.show(); else this.redraw();
  }
  keydown(event) {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || key === 'Tab') return;
    if (!(event.shiftKey && key === 'Enter')) event.stopPropagation(); // or JupyterLab would take it
    if (target.matches('select, input[type=text]') || (key === ' ' && target.matches('button, input[type=checkbox]'))) return;
    const act = this.panel?.keys(key) ?? (this.info && KEYS[key]);
    if (!act) return;
    event.preventDefault();
    if (key !== ' ') this.pause();
    act(this);
  }

  // -- what changes at each step --

  show() {
    if (!this.plan) return;
    const { info, position } = this, whole = position === OVERVIEW, now = whole ? info.last : position;
    const found = whole || !this.marks ? [] : relations(info, position);
    this.showPicture(now, found, whole);
    this.showCursor(whole);
    this.showStates(now, whole);
    this.showWords(now, whole);
    this.showLog(now, found, whole);
    this.legend.classList.toggle('shown', this.marks);
    this.slider.value = whole ? this.slider.min : Math.max(position, info.first);
    this.slider.setAttribute('aria-valuetext', whole ? 'the whole run' : `event ${position}: ${info.words.rows[position][2]}`);
    this.counter.textContent = whole ? `${info.last + 1} events` : `event ${position} of ${info.last}`;
  }

  showPicture(now, found, whole) {
    const { event, arrow, bar, from } = this.parts, { events, trace } = this.info, dim = (element, later) => element.classList.toggle('later', later);
    for (const element of from) dim(element, Number(element.dataset.from) > events[now].t);
    for (const element of event) {
      const id = Number(element.dataset.event), shown = element.querySelector('.mark');
      if (id >= 0) dim(element, id > now);
      for (const letter in RELATIONS) element.classList.toggle(letter, found[id] === letter);
      if (shown && shown.dataset.letter !== found[id]) shown.innerHTML = mark(shown.dataset.letter = found[id] ?? '');
    }
    for (const element of bar) dim(element, trace.operations[element.dataset.bar].invoked > now);
    for (const element of arrow) {
      const { sent, end, a, b, message } = this.plan.arrows[element.dataset.arrow];
      const flying = !whole && message.status !== 'lost' && spans(now, sent, end);
      dim(element, sent > now);
      element.classList.toggle('flying', flying);
      element.classList.toggle('P', end !== null && 'NP'.includes(found[end] ?? '-'));
      element.classList.toggle('F', 'NF'.includes(found[sent] ?? '-'));
      const part = clamp((this.plan.at(now).x - a.x) / Math.max(1, b.x - a.x), 0.12, 0.88); // of its way
      element.querySelector('.token')?.setAttribute('transform', `translate(${px(a.x + part * (b.x - a.x))} ${px(a.y + part * (b.y - a.y))})`);
    }
  }

  showCursor(whole) {
    const cursor = this.scroller.querySelector('.cursor'), [line, plate, text] = cursor.children, { scroller } = this;
    cursor.style.display = whole ? 'none' : '';
    if (whole) return;
    const { x } = this.plan.at(this.position);
    text.textContent = `event ${this.position} · ${this.info.words.rows[this.position][0]}`;
    const wide = this.measure(text.textContent, 600) + 14, left = clamp(x - wide / 2, 1, this.plan.scale.width - wide - 1);
    const places = [[line, 'x1', x], [line, 'x2', x], [plate, 'x', left], [plate, 'width', wide], [text, 'x', left + wide / 2]];
    for (const [element, name, value] of places) element.setAttribute(name, px(value));
    if (x < scroller.scrollLeft + 60 || x > scroller.scrollLeft + scroller.clientWidth - 60) // only the diagram scrolls, never the page
      scroller.scrollTo({ left: x - scroller.clientWidth / 2, behavior: calm() ? 'auto' : 'smooth' });
  }

  showStates(now, whole) {
    const known = statesAt(this.info, now), narrow = this.root.classList.contains('narrow');
    this.states.innerHTML = t`${this.info.trace.lanes.map(({ id, label }, i) => {
      const { state, was, down } = known[id] ?? { state: {} }, { top, bottom, gap } = this.plan.lanes[i];
      const place = narrow ? '' : `top:${top - gap / 2 + 2}px;height:${bottom - top + gap - 4}px`;
      return t`<div class="state" style="${place}">${(narrow || down) && t`<b>${narrow && label} ${down && 'DOWN'}</b>`}${stateLines(state, whole ? null : was)}</div>`;
    })}<div class="axis-name">${whole ? 'at the end' : `after event ${now}`}</div>`.html;
  }

  showWords(now, whole) {
    const { words, arrows, trace } = this.info, since = (text, from) => `${text} (since event ${from})`;
    const flying = arrows.filter(({ message, sent, end }) => message.status !== 'lost' && spans(now, sent, end));
    const running = trace.operations.filter(({ invoked, returned }) => spans(now, invoked, returned));
    const list = (name, items) => items.length > 0 && t`<b>${name}</b> ${items.join(', ')}. `;
    this.sentence.textContent = whole ? words.sentence : words.rows[now][2];
    this.busy.innerHTML = t`${list('Under way:', flying.map(({ i, sent }) => since(words.messages[i], sent)))}
      ${list('Running:', running.map(({ id, invoked }) => since(words.calls[id], invoked)))}
      ${whole && 'Press → or click an event to step through the run.'}`.html;
  }

  showLog(now, found, whole) {
    this.logged.forEach((row, id) => {
      const button = row.querySelector('button'), here = !whole && id === now;
      row.classList.toggle('later', id > now);
      row.classList.toggle('now', here);
      row.lastElementChild.textContent = RELATIONS[found[id]] ?? '';
      row.setAttribute('aria-current', here);
      button.tabIndex = id === now ? 0 : -1;
      if (here && this.log.contains(this.root.getRootNode().activeElement)) button.focus({ preventScroll: true });
    });
    this.log.scrollTop = whole ? 0 : this.logged[now].offsetTop - this.log.clientHeight / 2;
  }
}

export default {
  render({ model, el }) { // adversary.js, where it is appended, adds its panel
    const view = new View(model, el, typeof adversary === 'function' ? adversary : null);
    return () => view.remove();
  },
};

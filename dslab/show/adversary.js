
// ---------- be the adversary: appended to spacetime.js; each pick is one message to the kernel, and one comes back ----------

function adversary(view) {
  const { model } = view, element = document.createElement('div'), find = selector => element.querySelector(selector);
  const send = (act, more) => model.send({ do: act, step: model.get('state').steps.length, ...more });
  element.className = 'adversary';
  element.innerHTML = t`<div><p class="goal"></p><p class="hint">What happens next? Click it or press its number; u takes the last pick back.</p>
    <div class="choices" role="group" aria-label="What happens next?"></div></div>
    <div class="watch"><p class="status" role="status"></p><ul aria-label="Invariants"></ul>
    <div class="acts"><button type="button" data-do="undo" title="Take the last step back (Backspace or u)">Undo</button>
    <button type="button" data-do="reset" title="Start again with nothing picked">Restart</button>
    <button type="button" data-do="run" title="Let what would normally happen happen, to the end">Run on normally</button></div>
    <div class="acts"><label>Schedule <input type="text" aria-label="Schedule so far, as a replay token" spellcheck="false"></label>
    <button type="button" data-do="copy" title="Copy the schedule so far">Copy</button>
    <button type="button" data-do="load" title="Replay the schedule in the field">Load</button></div><p class="error" role="alert"></p></div>`.html;

  const token = find('input');
  const copy = () => {
    token.value = model.get('state').token;
    token.select();
    (navigator.clipboard?.writeText(token.value) ?? Promise.reject()).catch(() => document.execCommand('copy'));
  };
  const act = name => (name === 'copy' ? copy() : send(name, name === 'load' ? { token: token.value.trim() } : {}));
  element.addEventListener('click', ({ target }) => {
    const { do: name, pick } = target.closest('[data-do], [data-pick]')?.dataset ?? {};
    if (pick !== undefined) send('pick', { index: Number(pick) });
    else if (name) act(name);
  });
  token.addEventListener('keydown', ({ key }) => key === 'Enter' && act('load'));

  const choice = ({ number, index, label, default: usual }) => t`
    <button type="button" data-pick="${index}" data-number="${number}" class="${usual && 'usual'}"><kbd>${number}</kbd> ${label}${usual && t` <em>◂ what would normally happen next</em>`}</button>`;
  const group = ({ title, choices }) => t`<div class="group" role="group" aria-label="${title}"><b>${title}</b>${choices.map(choice)}</div>`;
  const watched = ({ name, sentence, word, mood }) => t`<li class="${mood}"><b>${name} ${word}.</b> ${sentence}</li>`;
  const none = t`<p>The run is over: nothing is left to happen. Undo or restart to try another way.</p>`;

  function refresh() {
    const state = model.get('state'), choices = find('.choices'), inside = choices.contains(element.getRootNode().activeElement);
    find('.goal').innerHTML = t`<b>Your goal:</b> ${state.goal}`.html;
    choices.innerHTML = t`${state.groups.length ? state.groups.map(group) : none}`.html;
    find('.status').textContent = state.status;
    find('ul').innerHTML = t`${state.invariants.map(watched)}`.html;
    find('.error').textContent = state.error;
    if (!state.error) token.value = state.token;
    for (const name of ['undo', 'reset']) find(`[data-do=${name}]`).disabled = !state.steps.length;
    find('[data-do=run]').disabled = state.finished;
    if (inside) (find('.usual') ?? find('[data-pick]') ?? view.scroller).focus({ preventScroll: true });
  }

  function keys(key) {
    if (key === 'Backspace' || key === 'u') return () => send('undo');
    const picked = /^[1-9]$/.test(key) && find(`[data-number="${key}"]`);
    return picked ? () => picked.click() : undefined;
  }
  return { element, refresh, keys };
}

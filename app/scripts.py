"""The page's own JavaScript: what is pressed in a panel, files that are dropped or about to be sent, saving."""

LOST = "The server was restarted or the connection broke: uploads and conversation are gone. Please load the ECG again."

# What was pressed in a panel, as event data; places bring the trace into sight.
ON_EVIDENCE = """element.addEventListener('click', e => { const b = e.target.closest('.place'); if (!b) return;
  trigger('click', {ecg: +b.dataset.ecg, start: +b.dataset.start, end: +b.dataset.end, kind: b.dataset.kind});
  document.getElementById('strips').scrollIntoView({block: 'nearest', behavior: 'smooth'}); })"""
# When an ECG was taken away, the keyboard goes on at the one that has its number now, or at the question.
ON_STRIPS = """let removed = 0;
element.addEventListener('click', e => { const b = e.target.closest('.remove'); if (!b) return;
  removed = +b.dataset.remove; trigger('click', {remove: removed}); });
watch('value', () => { if (!removed) return; const left = element.querySelectorAll('summary');
  (left[Math.min(removed, left.length) - 1] || document.querySelector('#question textarea')).focus(); removed = 0; });
element.addEventListener('toggle', e => { if (e.target.id == 'sheets' && e.newState == 'open')
  e.target.querySelectorAll('details').forEach(d => d.open = true); }, true);
watch('value', () => element.querySelectorAll('.sheet[data-x]').forEach(s => { const img = s.querySelector('img');
  const go = () => s.scrollTo(s.dataset.x * img.width - s.clientWidth / 2, s.dataset.y * img.height);
  img.complete ? go() : img.addEventListener('load', go); }));"""
# Every update says how many patients there were before. One of an earlier patient, late on its way, is not shown.
ON_PATIENT = """let newest = 0; watch('value', () => { const patient = +props.value; newest = Math.max(newest, patient);
  document.body.classList.toggle('overtaken', patient < newest); })"""
NAME_FILES = """box => { const safe = t => t.replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`);
  const names = ((box && box.files) || []).map(f => safe(f.orig_name || ''));
  return names.length ? 'To be sent: ' + names.join(', ') : ''; }"""
NAME_NONE = "() => ''"
# An answer longer than the view is read from its beginning, where critical values stand, till somebody scrolls.
FOLLOW = """let told = 0, follow = true; const show = () => { const box = document.querySelector('#chat .bubble-wrap');
    const said = box ? box.querySelectorAll('[data-testid=bot]') : []; if (said.length != told) follow = true;
    told = said.length; if (follow && told) box.scrollTop += said[told - 1].getBoundingClientRect().top
      - box.getBoundingClientRect().top - 8; };
  const chat = document.querySelector('#chat'); for (const by of ['wheel', 'touchmove', 'pointerdown', 'keydown'])
    chat.addEventListener(by, () => { follow = false; }, {passive: true});
  new MutationObserver(show).observe(chat, {childList: true, subtree: true, characterData: true});
  new ResizeObserver(show).observe(chat);"""
# A file dropped beside the question box would replace the page, and the patient with it. "ready" is for tests.
# A page whose server was lost (Gradio tells, while it answers) or restarted is loaded anew, and told what is gone.
ON_LOAD = (
    f"() => {{ const LOST = {LOST!r}; {FOLLOW}"
    + """
  document.body.classList.add('ready');
  const has = what => !!document.querySelector(what), server = '' + window.gradio_config.app_id;
  const broken = () => [...document.querySelectorAll('.toast-title')].some(t => t.innerText == 'Connection Lost');
  window.addEventListener('beforeunload', e => { if (has('#strips img') && !broken() && !another)
    e.preventDefault(); });
  let another = false; setInterval(async () => { try {
    const { root, api_prefix } = window.gradio_config, answer = await fetch(root + (api_prefix || '') + '/app_id');
    another = answer.ok && '' + (await answer.json()).app_id != server; if (another) window.location.reload();
  } catch { /* not there: asked again */ } }, 5000);
  window.addEventListener('pagehide', () => { if (has('#strips img, #chat [data-testid=bot]'))
    sessionStorage.setItem('anyecg', broken() ? 'broken' : server); });
  const before = sessionStorage.getItem('anyecg'); sessionStorage.removeItem('anyecg');
  if (before && before != server) { const lost = document.createElement('div'); lost.id = 'lost';
    lost.setAttribute('role', 'alert'); lost.textContent = LOST; document.querySelector('#strips').before(lost); }
  const carries = e => e.dataTransfer && [...e.dataTransfer.types].includes('Files') && !e.target.closest('#question');
  window.addEventListener('dragover', e => { if (carries(e)) e.preventDefault(); });
  window.addEventListener('drop', e => { if (!carries(e)) return; e.preventDefault();
    const input = document.querySelector('#question input[type=file]'); if (!input) return;
    input.files = e.dataTransfer.files; input.dispatchEvent(new Event('change', {bubbles: true})); }); }"""
)
# As a blob: browsers refuse data addresses of more than 2 MB.
SAVE_FILE = """file => { if (file) { const [name, data] = file.split(' '); const link = document.createElement('a');
  const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
  link.href = URL.createObjectURL(new Blob([bytes], {type: 'application/pdf'}));
  link.download = name; link.click(); setTimeout(() => URL.revokeObjectURL(link.href), 60000); } return ''; }"""

"""The page's own JavaScript: what is pressed in a panel, files that are dropped or about to be sent, saving."""

# What was pressed in a panel, as event data; places bring the trace into sight.
ON_EVIDENCE = """element.addEventListener('click', e => { const b = e.target.closest('.place'); if (!b) return;
  trigger('click', {ecg: +b.dataset.ecg, start: +b.dataset.start, end: +b.dataset.end, kind: b.dataset.kind});
  document.getElementById('strips').scrollIntoView({block: 'nearest', behavior: 'smooth'}); })"""
ON_STRIPS = """element.addEventListener('click', e => { const b = e.target.closest('.remove'); if (b)
  trigger('click', {remove: +b.dataset.remove}); });
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
# A file dropped beside the question box would replace the page, and the patient with it. "ready" is for tests.
ON_LOAD = """() => { document.body.classList.add('ready'); window.addEventListener('beforeunload', e => {
    if (document.querySelector('#strips img')) e.preventDefault(); });
  const carries = e => e.dataTransfer && [...e.dataTransfer.types].includes('Files') && !e.target.closest('#question');
  window.addEventListener('dragover', e => { if (carries(e)) e.preventDefault(); });
  window.addEventListener('drop', e => { if (!carries(e)) return; e.preventDefault();
    const input = document.querySelector('#question input[type=file]'); if (!input) return;
    input.files = e.dataTransfer.files; input.dispatchEvent(new Event('change', {bubbles: true})); }); }"""
# As a blob: browsers refuse data addresses of more than 2 MB.
SAVE_FILE = """file => { if (file) { const [name, data] = file.split(' '); const link = document.createElement('a');
  const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
  link.href = URL.createObjectURL(new Blob([bytes], {type: 'application/pdf'}));
  link.download = name; link.click(); setTimeout(() => URL.revokeObjectURL(link.href), 60000); } return ''; }"""

// Copying, and which part is being read.
document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copies]');
  if (!button) return;
  const text = button.closest('figure').querySelector('pre').textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch { // not allowed outside https and localhost
    const place = document.body.appendChild(document.createElement('textarea'));
    place.value = text;
    place.select();
    document.execCommand('copy');
    place.remove();
    button.focus();
  }
  button.textContent = 'Copied';
  setTimeout(() => (button.textContent = 'Copy'), 1500);
});
document.addEventListener('click', (event) => {
  const link = event.target.closest('.contents a');
  if (!link) return;
  document.querySelector('.contents [aria-current]')?.removeAttribute('aria-current');
  link.setAttribute('aria-current', 'true');
});
// The page is built after the address was looked at, so the browser found nothing to go to.
const go = () => document.querySelector('.manual') ? location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView() : setTimeout(go, 50);
go();

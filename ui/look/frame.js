// What the frame does without asking the server: find a place, show all places, turn light to dark.
(() => {
  'use strict';

  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      open('palette');
    } else if (event.target instanceof Element && event.target.matches('.palette input')) steer(event);
  });

  document.addEventListener('input', (event) => {
    if (event.target.matches('.palette input')) filter(event.target.value);
  });

  document.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target : document.body;
    const opener = target.closest('[data-opens]');
    const option = target.closest('.palette [data-path]');
    if (opener) open(opener.dataset.opens);
    else if (option) location.assign(option.dataset.path);
    else if (target.closest('[data-turns-look]')) turnLook();
    else if (target.matches('dialog.palette, dialog.places')) target.close(); // the ground behind it
  });

  function open(name) {
    const dialog = document.querySelector(`dialog.${name}`);
    if (!dialog || document.querySelector('dialog[open]')) return;
    dialog.showModal();
    const field = dialog.querySelector('input');
    if (!field) return;
    field.value = '';
    field.focus();
    filter('');
  }

  function filter(text) {
    const asked = text.trim().toLowerCase();
    const options = [...document.querySelectorAll('.palette [data-path]')];
    for (const option of options) {
      const seeks = option.dataset.seeks; // whatever was typed is looked for there
      if (seeks) option.dataset.path = seeks + encodeURIComponent(text.trim());
      option.hidden = seeks ? !asked : !option.dataset.word.toLowerCase().includes(asked);
    }
    choose(options.find((option) => !option.hidden));
  }

  function steer(event) {
    const shown = [...document.querySelectorAll('.palette [data-path]:not([hidden])')];
    const at = shown.findIndex((option) => option.ariaSelected === 'true');
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && shown.length) {
      event.preventDefault();
      choose(shown[(at + step + shown.length) % shown.length]);
    } else if (event.key === 'Enter' && shown[at]) {
      event.preventDefault();
      location.assign(shown[at].dataset.path);
    }
  }

  function choose(chosen) {
    for (const option of document.querySelectorAll('.palette [data-path]')) option.ariaSelected = `${option === chosen}`;
    const field = document.querySelector('.palette input');
    if (chosen) field.setAttribute('aria-activedescendant', chosen.id);
    else field.removeAttribute('aria-activedescendant');
    chosen?.scrollIntoView({ block: 'nearest' });
  }

  // A login that ended before this page had its socket: the socket is refused for ever, and nothing else would tell.
  function hearRefusals() {
    if (!window.socket) return setTimeout(hearRefusals, 50);
    window.socket.on('connect_error', async () => {
      const answer = await fetch(location.href, { method: 'HEAD', redirect: 'manual' }).catch(() => null);
      if (answer?.type === 'opaqueredirect') location.reload();
    });
  }
  hearRefusals();

  // So that "today" on the server is the reader's day.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  document.cookie = `dovecote_zone=${zone}; path=/; max-age=31536000; samesite=lax`;

  // Times come in UTC; the reader's zone and day are known only here.
  function tellTime(time) {
    const at = new Date(time.dateTime);
    const text = time.firstChild;
    if (!text || Number.isNaN(at.getTime())) return;
    const midnight = new Date();
    midnight.setHours(0, 0, 0, 0);
    const days = Math.ceil((midnight - at) / 86_400_000);
    const clock = at.toLocaleTimeString('en-GB', { timeStyle: time.dataset.as === 'second' ? 'medium' : 'short' });
    const date = { day: 'numeric', month: 'short' };
    if (at.getFullYear() !== midnight.getFullYear()) date.year = 'numeric';
    const day = { 0: '', 1: 'yesterday ' }[days] ?? `${at.toLocaleDateString('en-GB', date)}, `;
    // The text node itself stays: whoever drew it may change it later.
    if (text.data !== day + clock) text.data = day + clock;
    time.title = at.toLocaleString('en-GB', { dateStyle: 'full', timeStyle: 'long' });
  }

  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      const around = type === 'characterData' ? target.parentElement : target;
      if (around?.localName === 'time') tellTime(around);
      for (const node of addedNodes) {
        if (node.localName === 'time') tellTime(node);
        else if (node instanceof Element) node.querySelectorAll('time').forEach(tellTime);
      }
    }
  }).observe(document, { subtree: true, childList: true, characterData: true, attributeFilter: ['datetime'] });

  function turnLook() {
    const look = Quasar.Dark.isActive ? 'light' : 'dark';
    setDark(look === 'dark');
    emitEvent('look-turned', look);
    // When the answer never comes, only this tab keeps the choice.
    fetch('/look', { method: 'POST', body: new URLSearchParams({ look }) }).catch(() => {});
  }
})();

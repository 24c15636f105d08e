// Pictures and videos of the conversation, large, one after the other.
export function look(from) {
  const all = [...document.querySelectorAll('.talk [data-look]')];
  new Lightbox(all, all.indexOf(from), from).open();
}

class Lightbox {
  constructor(all, at, from) {
    [this.all, this.at, this.from] = [all, at, from];
    this.dialog = element('dialog', { class: 'lightbox', 'aria-label': 'Photos and videos' });
    this.bar = element('div', { class: 'bar' });
    this.name = element('span', { class: 'grow cut' });
    this.save = element('a', { class: 'mini-button', 'aria-label': 'Download' }, symbol('download'));
    const close = tool('close', 'Close', () => this.dialog.close());
    this.bar.append(this.name, this.save, close);
    this.stage = element('div', { class: 'stage' });
    this.before = tool('chevron_left', 'The one before', () => this.show(this.at - 1));
    this.after = tool('chevron_right', 'The next one', () => this.show(this.at + 1));
    this.words = element('p', { class: 'words' });
    this.dialog.append(this.bar, this.before, this.stage, this.after, this.words);
    this.dialog.addEventListener('keydown', (event) => this.steer(event));
    this.dialog.addEventListener('click', (event) => {
      if (event.target === this.dialog || event.target === this.stage) this.dialog.close();
    });
    this.dialog.addEventListener('close', () => this.leave());
  }

  open() {
    document.body.append(this.dialog);
    this.dialog.showModal();
    this.show(this.at);
  }

  steer(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || event.target.localName === 'video') return;
    event.preventDefault();
    this.show(this.at + step);
  }

  show(at) {
    if (at < 0 || at >= this.all.length) return;
    this.at = at;
    const { look: address, kind, name, said } = this.all[at].dataset;
    const shown = kind === 'video' ? element('video', { controls: '', autoplay: '', src: address }) : element('img', { src: address, alt: said || name });
    this.stage.replaceChildren(shown);
    this.name.textContent = name || `${at + 1} of ${this.all.length}`;
    this.words.textContent = said || '';
    this.save.href = address;
    this.save.download = name || '';
    this.before.disabled = at === 0;
    this.after.disabled = at === this.all.length - 1;
  }

  leave() {
    this.dialog.remove();
    this.from.focus();
  }
}

function element(tag, attributes, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...inside);
  return made;
}

function symbol(name) {
  return element('i', { class: 'q-icon material-symbols-outlined icon', 'aria-hidden': 'true' }, name);
}

function tool(name, label, act) {
  const made = element('button', { class: 'mini-button round', type: 'button', 'aria-label': label }, symbol(name));
  made.addEventListener('click', act);
  return made;
}

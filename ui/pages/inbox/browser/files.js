// Files on their way to be sent: what they are, as what they will be sent, how far they have come.
const KINDS = { image: ['image', 'document', 'sticker'], video: ['video', 'document'], audio: ['audio', 'voice', 'document'] };
const NAMES = { image: 'Photo', video: 'Video', audio: 'Audio', voice: 'Voice', document: 'Document', sticker: 'Sticker' };
const SYMBOLS = { video: 'videocam', audio: 'music_note', voice: 'mic', document: 'description', image: 'image', sticker: 'note' };
let counter = 0;

export function attached(file, largest, kind = '') {
  const family = file.type.split('/')[0];
  // A drawing of vectors is a program: it is only sent as a document.
  const kinds = kind ? [kind] : file.type === 'image/svg+xml' ? ['document'] : KINDS[family] ?? ['document'];
  const made = { key: ++counter, file, name: file.name, size: file.size, kinds, kind: kinds[0], share: 0, id: '', problem: '', view: '' };
  if (family === 'image' && file.type !== 'image/svg+xml') made.view = URL.createObjectURL(file);
  if (!file.size) made.problem = 'This file is empty.';
  else if (file.size > largest) made.problem = `This file has ${size(file.size)}; the most is ${size(largest)}.`;
  return made;
}

// Puts the id of the stored file, or the sentence that says why there is none, into `item`.
export function bring(item) {
  if (item.problem) return;
  const form = new FormData();
  form.append('file', item.file, item.name);
  const request = (item.request = new XMLHttpRequest());
  request.open('POST', '/api/v1/media');
  request.upload.onprogress = (event) => (item.share = event.loaded / event.total);
  request.onload = () => {
    let answer = {};
    try {
      answer = JSON.parse(request.responseText);
    } catch {}
    if (request.status === 201) [item.id, item.share] = [answer.id, 1];
    else item.problem = answer.detail ?? 'It could not be brought here.';
  };
  request.onerror = () => (item.problem = 'The connection broke. Remove it and try again.');
  request.send(form);
}

export function letGo(item) {
  item.request?.abort();
  if (item.view) URL.revokeObjectURL(item.view);
}

export function size(bytes) {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
  return `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
}

export const Files = {
  template: `
    <ul class="attached-files scrolls" aria-label="Files to send">
      <li v-for="item in items" class="attached" :class="{ wrong: item.problem }">
        <img v-if="item.view" :src="item.view" alt="">
        <span v-else class="sheet" aria-hidden="true"><q-icon :name="'sym_o_' + symbols[item.kind]" class="icon" /></span>
        <span class="names">
          <span class="cut strong">{{ item.name }}</span>
          <span v-if="item.problem" class="small bad-words" role="alert">{{ item.problem }}</span>
          <span v-else class="small faint">{{ told(item) }}</span>
          <select v-if="!item.problem && item.kinds.length > 1" v-model="item.kind" :aria-label="'Send ' + item.name + ' as'">
            <option v-for="kind in item.kinds" :value="kind">{{ names[kind] }}</option>
          </select>
        </span>
        <button type="button" class="mini-button" :aria-label="'Remove ' + item.name" @click="$emit('remove', item)">
          <q-icon name="sym_o_close" class="icon" /></button>
        <progress v-if="!item.problem && !item.id" :value="item.share" :aria-label="'Upload of ' + item.name"></progress>
      </li>
    </ul>`,
  props: { items: Array, sending: Boolean },
  emits: ['remove'],
  data: () => ({ names: NAMES, symbols: SYMBOLS }),
  methods: {
    told(item) {
      if (this.sending && item.id) return 'Is being prepared';
      return item.id ? size(item.size) : `${Math.round(item.share * 100)} % of ${size(item.size)}`;
    },
  },
};

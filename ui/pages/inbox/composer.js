// The box to write in. What is typed stays in this tab, one draft for each chat, until the server has taken it.
import Menu from 'dovecote-inbox/menu.js';
import Recorder from 'dovecote-inbox/recorder.js';
import { Emoji, MANY } from 'dovecote-inbox/emoji.js';
import { Files, attached, bring, letGo } from 'dovecote-inbox/files.js';

const kept = new Map(); // chat -> files that wait while another chat is looked at
const TYPING_EVERY = 8_000; // WhatsApp forgets that somebody types after about ten seconds

export default {
  components: { Emoji, Files, Menu, Recorder },
  template: `
    <div class="write-box" :class="{ noting }">
      <div v-if="dragging" class="drop-here"><q-icon name="sym_o_upload_file" class="icon" />Drop files to send them</div>
      <div v-if="reply || edit" class="answering">
        <p class="quote"><span class="strong">{{ edit ? 'Change your message' : reply.who }}</span> <span>{{
          edit ? edit.text : reply.text }}</span></p>
        <button type="button" class="mini-button" :aria-label="edit ? 'Leave it as it was' : 'Do not answer this message'"
          @click="letGo"><q-icon name="sym_o_close" class="icon" /></button>
      </div>
      <Files v-if="files.length" :items="files" :sending="sendingFiles" @remove="remove" />
      <p v-if="problem" class="small bad-words" role="alert">{{ problem }}</p>
      <ul v-if="listed.length" class="quick-list scrolls" id="quick-list" role="listbox" aria-label="Quick replies">
        <li v-for="(each, n) in listed" :id="'quick-' + n" role="option" :aria-selected="String(n === at)"
          :class="{ off: each.problem }" @mousedown.prevent="choose(n)">
          <span class="strong nowrap">{{ each.key ? '/' + each.key : '' }}</span>
          <span class="small quiet cut">{{ each.problem || each.text }}</span>
        </li>
      </ul>
      <Recorder v-if="recording" @done="recorded" @cancel="recording = false" @problem="cannotRecord" />
      <textarea v-show="!recording" ref="field" rows="1" v-model="text" :placeholder="noting ? 'A note for your team' : files.length ? 'Caption' : hint"
        :aria-label="noting ? 'Note for your team' : label" :disabled="closed && !noting" maxlength="65536"
        aria-autocomplete="list" aria-haspopup="listbox" :aria-controls="listed.length ? 'quick-list' : null"
        :aria-activedescendant="listed.length ? 'quick-' + at : null"
        @keydown="key" @paste="pasted" @input="typed" @blur="shut = true" @focus="shut = false"></textarea>
      <div v-show="!recording" class="beside near">
        <input ref="chooser" type="file" multiple hidden @change="chosen">
        <template v-if="!noting">
          <button type="button" class="mini-button" aria-label="Attach" title="Attach" aria-haspopup="menu" :disabled="closed">
            <q-icon name="sym_o_attach_file" class="icon" />
            <Menu :items="attach" label="What to send" anchor="top left" self="bottom left" @pick="pick" />
          </button>
          <button type="button" class="mini-button" aria-label="Emoji" title="Emoji" :disabled="closed">
            <q-icon name="sym_o_mood" class="icon" />
            <q-menu anchor="top left" self="bottom left" :offset="[0, 4]" transition-duration="80" ref="emoji">
              <Emoji :set="many" label="Emoji" @pick="insert" /></q-menu>
          </button>
          <button type="button" class="mini-button" aria-label="Quick replies" title="Quick replies" @click="slash" :disabled="closed">
            <q-icon name="sym_o_bolt" class="icon" /></button>
          <button type="button" class="mini-button" aria-label="Record a voice message" title="Record a voice message" @click="record"
            :disabled="closed"><q-icon name="sym_o_mic" class="icon" /></button>
        </template>
        <button v-if="notes" type="button" class="mini-button" aria-label="Note for the team" title="Note for the team"
          :aria-pressed="String(noting)" @click="turn"><q-icon name="sym_o_sticky_note_2" class="icon" /></button>
        <span v-if="noting" class="small quiet cut">Only your team sees it</span>
        <q-btn flat no-caps :ripple="false" class="primary small push" :label="noting ? 'Keep note' : edit ? 'Change' : 'Send'"
          :disable="!ready" @click="say" />
      </div>
    </div>`,
  props: { chat: String, hint: String, label: String, closed: Boolean, largest: Number, reply: Object, edit: Object, notes: Boolean,
    replies: { type: Array, default: () => [] } },
  emits: ['say', 'send', 'unreply', 'typing', 'ask'],
  data: () => ({
    text: '', busy: false, noting: false, at: 0, shut: false, many: MANY,
    files: [], sendingFiles: false, recording: false, dragging: false, problem: '',
    attach: [
      { does: 'file', word: 'Photos, videos, documents…', symbol: 'upload_file' },
      { does: 'place', word: 'Location…', symbol: 'location_on' },
      { does: 'contact', word: 'Contact card…', symbol: 'person' },
      { does: 'poll', word: 'Poll…', symbol: 'ballot' },
    ],
  }),
  mounted() {
    this.load();
    this.around = this.$el.closest('.conversation') ?? this.$el;
    for (const name of ['dragenter', 'dragover', 'dragleave', 'drop']) this.around.addEventListener(name, this.drag);
  },
  unmounted() {
    for (const name of ['dragenter', 'dragover', 'dragleave', 'drop']) this.around.removeEventListener(name, this.drag);
  },
  computed: {
    ready() {
      if (this.busy || (this.closed && !this.noting)) return false;
      if (this.files.length && !this.noting) return this.files.every((item) => item.id || item.problem) && this.files.some((item) => item.id);
      return !!this.text.trim();
    },
    // "/" and perhaps the beginning of a key or of a word of the text
    asked() {
      return /^\/\S*$/.test(this.text) && !this.noting && !this.edit && !this.shut ? this.text.slice(1).toLowerCase() : null;
    },
    listed() {
      if (this.asked === null) return [];
      const fits = this.replies.filter((each) => each.key.includes(this.asked) || each.text.toLowerCase().includes(this.asked));
      return [...fits, { key: '', text: 'Add or change quick replies…', manage: true }];
    },
  },
  watch: {
    chat(now, before) {
      kept.set(before, this.files);
      this.files = kept.get(now) ?? [];
      this.busy = this.noting = this.recording = this.sendingFiles = false;
      this.problem = '';
      this.load();
    },
    reply(now) {
      if (now) this.focus();
    },
    edit(now, before) {
      if (now) {
        this.text = now.text;
        this.$nextTick(this.grow);
        this.focus();
      } else if (before) this.load();
    },
    asked() {
      this.at = 0;
    },
  },
  methods: {
    key(event) {
      if (this.listed.length && this.steer(event)) return event.preventDefault();
      if (event.key === 'Escape') return this.letGo();
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.say();
    },
    steer(event) {
      const all = this.listed.length;
      if (event.key === 'ArrowDown') this.at = (this.at + 1) % all;
      else if (event.key === 'ArrowUp') this.at = (this.at - 1 + all) % all;
      else if ((event.key === 'Enter' && !event.shiftKey) || event.key === 'Tab') this.choose(this.at);
      else if (event.key === 'Escape') this.shut = true;
      else return false;
      this.$nextTick(() => document.getElementById(`quick-${this.at}`)?.scrollIntoView({ block: 'nearest' }));
      return true;
    },
    choose(n) {
      const each = this.listed[n];
      if (each.problem) return;
      this.text = each.manage ? '' : each.text;
      this.keep();
      if (each.manage) this.$emit('ask', 'replies');
      else this.focus();
    },
    slash() {
      this.shut = false;
      if (!this.text) this.text = '/';
      this.focus();
    },
    insert(emoji) {
      const field = this.$refs.field;
      const [from, to] = [field.selectionStart, field.selectionEnd];
      this.text = this.text.slice(0, from) + emoji + this.text.slice(to);
      this.$refs.emoji.hide();
      this.keep();
      this.$nextTick(() => {
        field.focus();
        field.setSelectionRange(from + emoji.length, from + emoji.length);
      });
    },
    turn() {
      this.keep();
      this.noting = !this.noting;
      if (this.noting) this.letGo();
      this.load();
      this.focus();
    },
    letGo() {
      if (this.reply || this.edit) this.$emit('unreply');
    },
    say() {
      if (!this.ready) return;
      this.busy = true;
      if (this.files.length && !this.noting) return this.sendFiles();
      // A connection that broke in between never answers: the text is still here, and may be sent once more.
      clearTimeout(this.patience);
      this.patience = setTimeout(() => (this.busy = false), 15_000);
      const about = { reply: this.reply?.id ?? '', edit: this.edit?.id ?? '' };
      this.$emit('say', { chat: this.chat, text: this.text, note: this.noting, ...about });
    },
    // The server took it; what was typed meanwhile stays.
    taken(chat, text, edited) {
      if (edited && chat === this.chat) this.busy = false;
      if (edited) return;
      if (chat !== this.chat) return sessionStorage.removeItem(this.place(chat));
      this.busy = false;
      if (this.text.startsWith(text)) this.text = this.text.slice(text.length);
      this.told = 0;
      this.keep();
      this.focus();
    },
    refused(chat) {
      if (chat === this.chat) this.busy = false;
    },
    // ---- files

    pick(does) {
      if (does === 'file') this.$refs.chooser.click();
      else this.$emit('ask', does);
    },
    chosen(event) {
      this.add([...event.target.files]);
      event.target.value = '';
    },
    pasted(event) {
      const found = [...(event.clipboardData?.files ?? [])];
      if (!found.length || this.noting) return;
      event.preventDefault();
      this.add(found);
    },
    drag(event) {
      if (![...(event.dataTransfer?.types ?? [])].includes('Files')) return;
      event.preventDefault();
      const leaves = event.type === 'dragleave' && !this.around.contains(event.relatedTarget);
      if (event.type === 'drop' || leaves) this.dragging = false;
      else if (event.type === 'dragenter') this.dragging = !this.closed && !this.noting;
      if (event.type === 'drop') this.add([...event.dataTransfer.files]);
    },
    add(found, kind = '') {
      if (this.closed || this.noting) return;
      for (const file of found) {
        this.files.push(attached(file, this.largest, kind));
        bring(this.files.at(-1)); // the item as it is watched
      }
      this.focus();
    },
    remove(item) {
      letGo(item);
      this.files = this.files.filter((each) => each !== item);
      this.focus();
    },
    sendFiles() {
      this.sendingFiles = true;
      const files = this.files.filter((item) => item.id).map(({ key, id, kind }) => ({ key, id, kind }));
      this.$emit('send', { chat: this.chat, caption: this.text, reply: this.reply?.id ?? '', files });
    },
    // The server took those files, and the caption if `caption`; the others have a sentence each.
    sent(chat, keys, problems, caption) {
      const here = chat === this.chat;
      const all = here ? this.files : kept.get(chat) ?? [];
      for (const item of all) {
        if (keys.includes(item.key)) letGo(item);
        else if (problems[item.key]) [item.problem, item.id] = [problems[item.key], ''];
      }
      const left = all.filter((item) => !keys.includes(item.key));
      if (!here) return kept.set(chat, left);
      this.files = left;
      this.busy = this.sendingFiles = false;
      if (caption) this.text = '';
      this.keep();
      this.focus();
    },
    record() {
      this.problem = '';
      this.recording = true;
      this.$emit('typing', { chat: this.chat, state: 'recording' });
    },
    cannotRecord(sentence) {
      this.recording = false;
      this.problem = sentence;
    },
    recorded(file) {
      this.recording = false;
      this.add([file], 'voice');
      const item = this.files.at(-1);
      const stop = this.$watch(
        () => item.id || item.problem,
        () => {
          stop();
          if (item.id && this.files.length === 1) this.say();
        },
      );
    },
    typed() {
      this.problem = '';
      this.shut = false;
      this.keep();
      if (this.noting || this.edit || this.text.startsWith('/') || Date.now() - (this.told ?? 0) < TYPING_EVERY) return;
      this.told = Date.now();
      this.$emit('typing', { chat: this.chat, state: this.text ? 'typing' : 'paused' });
    },
    place(chat = this.chat) {
      return `${this.noting ? 'note' : 'draft'}:${chat}`;
    },
    load() {
      this.text = sessionStorage.getItem(this.place()) ?? '';
      this.$nextTick(this.grow);
    },
    keep() {
      this.$nextTick(this.grow);
      if (this.edit) return;
      if (this.text) sessionStorage.setItem(this.place(), this.text);
      else sessionStorage.removeItem(this.place());
    },
    focus() {
      this.$nextTick(() => this.$refs.field?.focus());
    },
    grow() {
      const field = this.$refs.field;
      if (!field) return;
      field.style.height = 'auto';
      field.style.height = `${Math.min(field.scrollHeight, 180)}px`;
    },
  },
};

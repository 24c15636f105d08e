// The box to write in. What is typed stays in this tab, one draft for each chat, until the server has taken it.
export default {
  template: `
    <div class="write-box">
      <div v-if="reply" class="answering">
        <p class="quote"><span class="strong">{{ reply.who }}</span> <span>{{ reply.text }}</span></p>
        <q-btn flat no-caps :ripple="false" class="ghost square" icon="sym_o_close"
          aria-label="Do not answer this message" @click="$emit('unreply')" />
      </div>
      <textarea ref="field" rows="1" v-model="text" :placeholder="hint" :aria-label="label" :disabled="closed"
        maxlength="65536" @keydown.enter="enter" @keydown.esc="$emit('unreply')" @input="keep"></textarea>
      <div class="beside">
        <slot></slot>
        <q-btn flat no-caps :ripple="false" class="primary small push" label="Send"
          :disable="closed || busy || !text.trim()" @click="say" />
      </div>
    </div>`,
  props: { chat: String, hint: String, label: String, closed: Boolean, reply: Object },
  emits: ['say', 'unreply'],
  data: () => ({ text: '', busy: false }),
  mounted() {
    this.load();
  },
  watch: {
    chat() {
      this.busy = false;
      this.load();
    },
    reply(now) {
      if (now) this.$refs.field.focus();
    },
  },
  methods: {
    enter(event) {
      if (event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.say();
    },
    say() {
      if (this.busy || this.closed || !this.text.trim()) return;
      this.busy = true;
      // A connection that broke in between never answers: the text is still here, and may be sent once more.
      clearTimeout(this.patience);
      this.patience = setTimeout(() => (this.busy = false), 15_000);
      this.$emit('say', { chat: this.chat, text: this.text, reply: this.reply?.id ?? '' });
    },
    // The server took it; what was typed meanwhile stays.
    taken(chat, text) {
      if (chat !== this.chat) return sessionStorage.removeItem(key(chat));
      this.busy = false;
      if (this.text.startsWith(text)) this.text = this.text.slice(text.length);
      this.keep();
      this.$refs.field.focus();
    },
    refused(chat) {
      if (chat === this.chat) this.busy = false;
    },
    load() {
      this.text = sessionStorage.getItem(key(this.chat)) ?? '';
      this.$nextTick(this.grow);
    },
    keep() {
      if (this.text) sessionStorage.setItem(key(this.chat), this.text);
      else sessionStorage.removeItem(key(this.chat));
      this.$nextTick(this.grow);
    },
    grow() {
      const field = this.$refs.field;
      if (!field) return;
      field.style.height = 'auto';
      field.style.height = `${Math.min(field.scrollHeight, 180)}px`;
    },
  },
};

function key(chat) {
  return `draft:${chat}`;
}

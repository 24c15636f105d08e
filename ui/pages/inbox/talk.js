// The lines of a conversation: asks for older and newer ones as the reader gets near, and leads back to the end.
const NEAR = 900; // pixels to the edge at which more is asked for
const AWAY = 300; // from the end, where new messages are out of sight

export default {
  template: `
    <div class="talk-around">
      <div ref="scroller" class="scrolls talk" tabindex="0" role="log" aria-label="Messages" @scroll.passive="look" @keydown="steer">
        <div class="lines" ref="lines"><slot></slot></div>
      </div>
      <button v-if="away || below" type="button" class="to-end" :aria-label="label" @click="toEnd">
        <span v-if="unseen" class="count new">{{ unseen }}</span><q-icon name="sym_o_keyboard_arrow_down" class="icon" />
      </button>
    </div>`,
  props: { above: Boolean, below: Boolean, arrived: Number, turn: Number },
  emits: ['older', 'newer', 'newest'],
  data: () => ({ away: false, seen: 0, asking: false }),
  computed: {
    unseen() {
      return Math.max(0, this.arrived - this.seen);
    },
    label() {
      return this.unseen ? `Go to the newest, ${this.unseen} new` : 'Go to the newest';
    },
  },
  watch: {
    turn() {
      this.asking = false;
      this.$nextTick(this.look);
    },
    arrived() {
      this.$nextTick(this.look);
    },
  },
  mounted() {
    this.look();
  },
  methods: {
    look() {
      const box = this.$refs.scroller;
      if (!box || !box.clientHeight) return;
      const toEnd = Math.abs(box.scrollTop);
      const toStart = box.scrollHeight - box.clientHeight - toEnd;
      this.away = toEnd > AWAY;
      if (!this.away && !this.below) this.seen = this.arrived;
      if (this.above && toStart < NEAR) this.ask('older');
      else if (this.below && toEnd < NEAR) this.ask('newer');
    },
    ask(which) {
      if (this.asking) return;
      this.asking = true;
      // A connection that broke in between never answers.
      clearTimeout(this.patience);
      this.patience = setTimeout(() => (this.asking = false), 10_000);
      this.$emit(which);
    },
    toEnd() {
      if (this.below) return this.$emit('newest');
      this.end();
      this.$refs.scroller.focus();
    },
    async end() {
      await this.$nextTick();
      this.$refs.scroller.scrollTop = 0;
      this.look();
    },
    // `id` of a message, or 'unread' for the line above what is unread.
    async reveal(id, flash) {
      await this.$nextTick();
      const line = this.$refs.lines.querySelector(id === 'unread' ? '.unread-line' : `[data-message="${id}"]`);
      line?.scrollIntoView({ block: flash ? 'center' : 'nearest' });
      if (!flash || !line) return this.look();
      line.classList.remove('flash');
      void line.offsetWidth; // so that the animation begins anew
      line.classList.add('flash');
      line.focus({ preventScroll: true });
      this.look();
    },
    steer(event) {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      const here = document.activeElement.closest?.('.spoken');
      if (!step || (document.activeElement !== this.$refs.scroller && document.activeElement !== here)) return;
      const all = [...this.$refs.lines.querySelectorAll('.spoken')];
      const to = here ? all[all.indexOf(here) + step] : all.at(-1);
      if (!to) return;
      event.preventDefault();
      to.focus({ preventScroll: true });
      to.scrollIntoView({ block: 'nearest' });
    },
  },
};

// A small set of emoji, and a field for any other.
export const QUICK = ['👍', '❤️', '😂', '😮', '😢', '🙏'];

export const MANY = [
  ...QUICK, '🙂', '😀', '😉', '😊', '😍', '🥰', '😘', '😎', '🤔', '😅', '🙄', '😴', '🤗', '🤝', '👋', '👌', '✌️', '👏', '💪', '🤞',
  '🔥', '✨', '🎉', '🎂', '💐', '☕', '🍞', '🥐', '✅', '❌', '❗', '❓', '⏰', '📍', '📎', '📦', '💳', '🚚',
];

export const Emoji = {
  template: `
    <div class="emoji" role="group" :aria-label="label" @keydown="steer">
      <button v-for="each in set" type="button" :class="{ chosen: chosen.includes(each) }" :aria-label="each"
        :aria-pressed="chosen.length ? String(chosen.includes(each)) : null" @click="$emit('pick', each)">{{ each }}</button>
      <input v-if="any" type="text" maxlength="40" placeholder="Any" aria-label="Any other emoji"
        @keydown.enter.prevent="other" @keydown.stop>
    </div>`,
  props: { set: Array, any: Boolean, label: String, chosen: { type: Array, default: () => [] } },
  emits: ['pick'],
  methods: {
    other(event) {
      const text = event.target.value.trim();
      if (text) this.$emit('pick', text);
    },
    steer(event) {
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const all = [...event.currentTarget.querySelectorAll('button, input')];
      all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
    },
  },
};

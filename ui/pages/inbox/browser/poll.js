// A question with its options: how many chose each, who, and the reader's own vote.
const CONFIRMED = 5_000; // milliseconds after which a vote that WhatsApp has not confirmed is not shown any more

export default {
  template: `
    <div class="poll">
      <p class="strong">{{ poll.name }}</p>
      <p class="small faint">{{ poll.multiple ? 'Several may be chosen' : 'One may be chosen' }}</p>
      <div v-for="(option, n) in poll.options" class="answer">
        <div class="option">
          <button v-if="votes" type="button" class="mini-button" :aria-pressed="String(chosen.includes(option.name))"
            :aria-label="'Vote for ' + option.name" @click.stop="vote(option.name)"><q-icon :name="symbol(option.name)" class="icon" /></button>
          <component :is="option.who.length ? 'button' : 'div'" class="tally" :type="option.who.length ? 'button' : null"
            :aria-expanded="option.who.length ? String(open === n) : null"
            :aria-label="option.who.length ? option.name + ', ' + counted(option.who.length, 'vote') + '. Who voted' : null"
            @click.stop="open = open === n ? -1 : n">
            <span class="grow">{{ option.name }}</span><span class="number">{{ option.who.length || '' }}</span>
          </component>
        </div>
        <span class="meter" aria-hidden="true"><i v-if="option.who.length" class="accent" :style="{ flex: option.who.length }"></i
          ><i v-if="most > option.who.length || !most" class="rest" :style="{ flex: most - option.who.length || 1 }"></i></span>
        <span v-if="open === n" class="small quiet">{{ option.who.join(', ') }}</span>
      </div>
      <p class="small faint">{{ poll.voters ? counted(poll.voters, 'person') + ' voted' : 'Nobody has voted yet' }}</p>
    </div>`,
  props: { poll: Object, votes: Boolean },
  emits: ['does'],
  data: () => ({ open: -1, asked: null }),
  computed: {
    most() {
      return this.poll.voters;
    },
    chosen() {
      return this.asked ?? this.poll.mine;
    },
    confirmed() {
      return JSON.stringify(this.poll.mine);
    },
  },
  watch: {
    confirmed() {
      this.asked = null;
    },
  },
  unmounted() {
    clearTimeout(this.timer);
  },
  methods: {
    counted(number, one) {
      if (one === 'person') return number === 1 ? '1 person' : `${number} people`;
      return `${number} ${one}${number === 1 ? '' : 's'}`;
    },
    symbol(name) {
      const yes = this.chosen.includes(name);
      if (this.poll.multiple) return yes ? 'sym_o_check_box' : 'sym_o_check_box_outline_blank';
      return yes ? 'sym_o_radio_button_checked' : 'sym_o_radio_button_unchecked';
    },
    // Choosing what is chosen takes it back, as in the apps.
    vote(name) {
      const others = this.poll.multiple ? this.chosen : [];
      this.asked = this.chosen.includes(name) ? this.chosen.filter((each) => each !== name) : [...others, name];
      clearTimeout(this.timer);
      this.timer = setTimeout(() => (this.asked = null), CONFIRMED);
      this.$emit('does', 'vote', JSON.stringify(this.asked));
    },
  },
};

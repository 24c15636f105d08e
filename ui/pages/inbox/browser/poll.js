// A question with its options: how many chose each, and who.
export default {
  template: `
    <div class="poll">
      <p class="strong">{{ poll.name }}</p>
      <p class="small faint">{{ poll.multiple ? 'Several may be chosen' : 'One may be chosen' }}</p>
      <div v-for="(option, n) in poll.options" class="answer">
        <button type="button" :disabled="!option.who.length" :aria-expanded="open === n ? 'true' : 'false'"
          :aria-label="option.name + ', ' + counted(option.who.length, 'vote') + '. Who voted'"
          @click.stop="open = open === n ? -1 : n">
          <span class="grow">{{ option.name }}</span><span class="number">{{ option.who.length || '' }}</span>
        </button>
        <span class="meter" aria-hidden="true"><i class="accent" :style="{ flex: option.who.length }"></i
          ><i class="rest" :style="{ flex: Math.max(most - option.who.length, most ? 0 : 1) }"></i></span>
        <span v-if="open === n" class="small quiet">{{ option.who.join(', ') }}</span>
      </div>
      <p class="small faint">{{ poll.voters ? counted(poll.voters, 'person') + ' voted' : 'Nobody has voted yet' }}</p>
    </div>`,
  props: { poll: Object },
  data: () => ({ open: -1 }),
  computed: {
    most() {
      return this.poll.voters;
    },
  },
  methods: {
    counted(number, one) {
      if (one === 'person') return number === 1 ? '1 person' : `${number} people`;
      return `${number} ${one}${number === 1 ? '' : 's'}`;
    },
  },
};

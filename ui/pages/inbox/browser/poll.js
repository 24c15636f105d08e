// A question with its options: how many chose each, and who.
export default {
  template: `
    <div class="poll">
      <p class="strong">{{ poll.name }}</p>
      <p class="small faint">{{ poll.multiple ? 'Several may be chosen' : 'One may be chosen' }}</p>
      <div v-for="(option, n) in poll.options" class="answer">
        <component :is="option.who.length ? 'button' : 'div'" :type="option.who.length ? 'button' : null"
          :aria-expanded="option.who.length ? String(open === n) : null"
          :aria-label="option.who.length ? option.name + ', ' + counted(option.who.length, 'vote') + '. Who voted' : null"
          @click.stop="open = open === n ? -1 : n">
          <span class="grow">{{ option.name }}</span><span class="number">{{ option.who.length || '' }}</span>
        </component>
        <span class="meter" aria-hidden="true"><i v-if="option.who.length" class="accent" :style="{ flex: option.who.length }"></i
          ><i v-if="most > option.who.length || !most" class="rest" :style="{ flex: most - option.who.length || 1 }"></i></span>
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

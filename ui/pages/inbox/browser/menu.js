// A list of things to do; opened by the element around it, as Quasar's menus are.
export default {
  template: `
    <q-menu :anchor="anchor" :self="self" :offset="[0, 4]" transition-duration="80" @show="first" @update:model-value="$emit('turn', $event)">
      <div class="menu" role="menu" :aria-label="label" ref="list" @keydown="steer">
        <button v-for="item in items" type="button" role="menuitem" :class="{ risky: item.risky }" v-close-popup
          @click="$emit('pick', item.does)">
          <q-icon :name="'sym_o_' + item.symbol" class="icon" /><span class="grow">{{ item.word }}</span>
          <kbd v-if="item.key">{{ item.key }}</kbd>
        </button>
      </div>
    </q-menu>`,
  props: {
    items: Array,
    label: String,
    anchor: { type: String, default: 'bottom left' },
    self: { type: String, default: 'top left' },
  },
  emits: ['pick', 'turn'],
  methods: {
    first() {
      this.$refs.list?.querySelector('button')?.focus();
    },
    steer(event) {
      const all = [...this.$refs.list.children];
      const at = all.indexOf(document.activeElement);
      const to = { ArrowDown: (at + 1) % all.length, ArrowUp: (at - 1 + all.length) % all.length, Home: 0, End: all.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      all[to].focus();
    },
  },
};

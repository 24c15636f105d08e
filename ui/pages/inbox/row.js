// One chat in the list. `line` is JSON, so that a row is a single element for the server.
export default {
  template: `
    <button type="button" class="chat" :class="{ unread: told.unread }" :data-chat="told.id"
      :aria-current="chosen ? 'true' : null">
      <span class="face" :class="told.tint" aria-hidden="true">{{ told.letters }}</span>
      <span class="name cut">{{ told.name }}</span>
      <span class="when">{{ told.when }}</span>
      <span class="last cut">
        <q-icon v-if="told.tick" :name="told.tick" class="icon" :class="told.tone" role="img" aria-hidden="false"
          :aria-label="told.word" />
        <q-icon v-if="told.symbol" :name="told.symbol" class="icon" />
        <span class="cut">{{ told.last }}</span>
      </span>
      <span class="marks">
        <span v-if="told.keeper" class="face small" :class="told.keeper.tint" role="img"
          :aria-label="told.keeper.name + ' answers'">{{ told.keeper.letters }}</span>
        <q-icon v-else name="sym_o_smart_toy" class="icon tiny" role="img" aria-hidden="false"
          aria-label="The bot answers" />
        <span v-if="told.unread" class="count new" :aria-label="told.unread + ' unread'">{{ told.unread }}</span>
      </span>
    </button>`,
  props: { line: String, chosen: Boolean },
  computed: {
    told() {
      return JSON.parse(this.line);
    },
  },
};

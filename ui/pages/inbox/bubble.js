// One message of a conversation. `said` and `state` are JSON: what never changes, and what is below the bubble.
export default {
  template: `
    <div v-if="told.happening" class="event">
      <q-icon :name="told.symbol" class="icon tiny" /><span>{{ told.happening }}</span>
    </div>
    <div v-else class="spoken" :class="{ out: told.out, picked }" :data-message="told.id">
      <div class="bubble" :class="{ out: told.out, large: told.large }" data-does="pick">
        <span v-if="told.sender" class="by" :class="told.tint">{{ told.sender }}</span>
        <p v-if="told.quote" class="quote">
          <span v-if="told.quote[0]" class="strong">{{ told.quote[0] }}</span><span>{{ told.quote[1] }}</span>
        </p>
        <div v-if="told.instead" class="instead">
          <q-icon :name="told.symbol" class="icon" /><span>{{ told.instead }}</span>
        </div>
        <div v-if="told.pieces.length" class="text" :class="{ folded: told.long && !unfolded }"><template
          v-for="[kind, text] in told.pieces"><a v-if="kind === 'link'" :href="text" target="_blank"
          rel="noopener noreferrer nofollow">{{ text }}</a><span v-else
          :class="{ strong: kind === 'name' }">{{ text }}</span></template></div>
        <button v-if="told.long && !unfolded" type="button" class="act" @click.stop="unfolded = true">
          Show all of it
        </button>
      </div>
      <div class="foot" :class="{ out: told.out }">
        <span>{{ told.foot }}</span>
        <q-icon v-if="now.tick" :name="now.tick" class="icon" :class="now.tone" role="img" aria-hidden="false"
          :aria-label="now.word" />
        <span class="acts">
          <button v-if="told.replies" type="button" class="act" data-does="reply">Reply</button>
          <button type="button" class="act" data-does="why">What happened?</button>
        </span>
      </div>
      <div v-if="now.trouble" class="trouble">
        <span :class="now.worry">{{ now.trouble }}</span>
        <button v-if="now.does" type="button" class="act" :data-does="now.does">{{ now.act }}</button>
        <button v-if="now.does && now.settles" type="button" class="act" data-does="sent">Mark as sent</button>
      </div>
    </div>`,
  props: { said: String, state: String, picked: Boolean },
  data: () => ({ unfolded: false }),
  computed: {
    told() {
      return JSON.parse(this.said);
    },
    now() {
      return JSON.parse(this.state);
    },
  },
};

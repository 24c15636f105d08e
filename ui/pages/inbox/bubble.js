// One message of a conversation, or a note. `said` and `state` are JSON: the message, and what is below it.
import File from 'dovecote-inbox/file.js';
import Menu from 'dovecote-inbox/menu.js';
import Poll from 'dovecote-inbox/poll.js';
import { Cards, Place, Preview } from 'dovecote-inbox/brings.js';
import { Emoji, QUICK } from 'dovecote-inbox/emoji.js';

const KEYS = { r: 'reply', e: 'edit', f: 'forward', c: 'copy', Delete: 'delete' };

export default {
  components: { Cards, Emoji, File, Menu, Place, Poll, Preview },
  template: `
    <div v-if="told.happening" class="event" :data-message="told.id">
      <q-icon :name="told.symbol" class="icon tiny" /><span>{{ told.happening }}</span><span>{{ told.foot }}</span>
      <template v-if="rings">
        <span class="badge wait live">Rings</span>
        <template v-if="told.may">
          <button type="button" class="act" @click="act('hang')">Reject</button>
          <button v-if="!told.brings.call.group" type="button" class="act" @click="act('hang', 'write')">Reject and write…</button>
        </template>
      </template>
    </div>
    <div v-else class="spoken" :class="{ out: told.out, picked, active: busy }" :data-message="told.id" tabindex="-1"
      role="article" :aria-label="told.label" @mouseenter="hovered = true" @mouseleave="hovered = false"
      @focusin="focused = true" @focusout="left" @keydown.self="key" @click="point">
      <div class="held">
        <div class="bubble" :class="{ out: told.out, note: told.note, large: told.large && !told.gone, plain: sticker, wide: visual }">
          <span v-if="told.sender" class="by" :class="told.tint">{{ told.sender }}</span>
          <div v-if="told.forwarded && !told.gone" class="aside-mark"><q-icon name="sym_o_forward" class="icon tiny" />Forwarded</div>
          <template v-if="told.gone">
            <div class="gone"><q-icon name="sym_o_block" class="icon tiny" /><span>{{ told.gone }} deleted this message</span></div>
            <button v-if="told.pieces.length || told.brings.file || told.brings.poll" type="button" class="act" :aria-expanded="String(shown)"
              @click.stop="shown = !shown">{{ shown ? 'Hide it again' : 'Show what it said' }}</button>
          </template>
          <template v-if="!told.gone || shown">
            <component v-if="told.quote" :is="told.quote.id ? 'button' : 'p'" class="quote" :type="told.quote.id ? 'button' : null"
              :aria-label="told.quote.id ? 'Go to the message that is answered' : null" @click.stop="jump">
              <span v-if="told.quote.who" class="strong">{{ told.quote.who }}</span>
              <span class="cut-lines"><q-icon v-if="told.quote.symbol" :name="told.quote.symbol" class="icon tiny" />{{ (told.quote.symbol ? ' ' : '') + told.quote.text }}</span>
            </component>
            <File v-if="told.brings.file" :file="told.brings.file" :said="plain" @does="act" />
            <Place v-if="told.brings.place" :place="told.brings.place" />
            <Cards v-if="told.brings.cards" :cards="told.brings.cards" :writes="told.may" @does="act" />
            <Poll v-if="told.brings.poll" :poll="told.brings.poll" :votes="can.vote" @does="act" />
            <Preview v-if="told.brings.preview" :preview="told.brings.preview" />
            <div v-if="told.instead" class="instead">
              <q-icon :name="told.symbol" class="icon" /><span>{{ told.instead }}</span>
            </div>
            <div v-if="told.pieces.length" class="text" :class="{ folded: told.long && !unfolded }"><template
              v-for="[kind, text] in told.pieces"><a v-if="kind === 'link'" :href="text" target="_blank"
              rel="noopener noreferrer nofollow">{{ text }}</a><b v-else-if="kind === 'bold'">{{ text }}</b><i
              v-else-if="kind === 'italic'">{{ text }}</i><s v-else-if="kind === 'strike'">{{ text }}</s><code
              v-else-if="kind === 'code'">{{ text }}</code><span v-else
              :class="{ strong: kind === 'name' }">{{ text }}</span></template></div>
            <button v-if="told.long && !unfolded" type="button" class="act" @click.stop="unfolded = true">
              Show all of it
            </button>
          </template>
        </div>
        <div v-if="busy && !told.note" class="tools">
          <button v-if="can.react" type="button" class="mini-button" aria-label="React" title="React" ref="react">
            <q-icon name="sym_o_add_reaction" class="icon" />
            <q-menu :offset="[0, 4]" transition-duration="80" @update:model-value="open = $event" @show="choose">
              <Emoji :set="quick" any label="React with" :chosen="mine" @pick="react" ref="emoji" />
            </q-menu>
          </button>
          <button v-if="can.reply" type="button" class="mini-button" aria-label="Reply" title="Reply" @click="act('reply')">
            <q-icon name="sym_o_reply" class="icon" /></button>
          <button type="button" class="mini-button" aria-label="What happened?" title="What happened?" @click="act('why')">
            <q-icon name="sym_o_timeline" class="icon" /></button>
          <button v-if="list.length" type="button" class="mini-button" aria-label="More" title="More" aria-haspopup="menu">
            <q-icon name="sym_o_more_horiz" class="icon" />
            <Menu :items="list" label="What to do with this message" @pick="does" @turn="open = $event" />
          </button>
        </div>
      </div>
      <div v-if="told.reactions.length" class="reactions">
        <button v-for="each in told.reactions" type="button" class="reaction" :class="{ mine: each.mine }" :disabled="!can.react"
          :aria-label="each.emoji + ', ' + each.who.join(', ') + (each.mine ? '. Take yours back' : '')"
          @click="act('react', each.mine ? '' : each.emoji)">{{ each.emoji }}<span v-if="each.who.length > 1"
          class="number">{{ each.who.length }}</span><span class="tip" aria-hidden="true">{{ each.who.join(', ') }}</span></button>
      </div>
      <div class="foot" :class="{ out: told.out }">
        <span>{{ told.foot }}</span>
        <span v-if="told.edited">· edited</span>
        <span v-if="now.tick" class="tick" role="img" :tabindex="busy ? 0 : -1" :aria-label="now.word"
          :aria-description="now.times || null"><q-icon :name="now.tick" class="icon" :class="now.tone" /><span
          v-if="now.times" class="tip" aria-hidden="true">{{ now.times }}</span></span>
      </div>
      <div v-if="now.trouble" class="trouble">
        <span :class="now.worry">{{ now.trouble }}</span>
        <button v-if="now.does" type="button" class="act" @click="act(now.does)">{{ now.act }}</button>
        <button v-if="now.does && now.settles" type="button" class="act" @click="act(now.settles)">Mark as sent</button>
      </div>
    </div>`,
  props: { said: String, state: String, picked: Boolean },
  data: () => ({ clock: Date.now(), unfolded: false, shown: false, hovered: false, focused: false, open: false, quick: QUICK }),
  computed: {
    told() {
      return JSON.parse(this.said);
    },
    now() {
      return JSON.parse(this.state);
    },
    busy() {
      return this.hovered || this.focused || this.open;
    },
    plain() {
      return this.told.pieces.map(([, text]) => text).join('');
    },
    sticker() {
      return this.told.brings.file?.kind === 'sticker' && !this.told.gone;
    },
    visual() {
      return ['image', 'video'].includes(this.told.brings.file?.kind) || !!this.told.brings.place || !!this.told.brings.preview;
    },
    mine() {
      return this.told.reactions.filter((each) => each.mine).map((each) => each.emoji);
    },
    can() {
      return this.told.can;
    },
    rings() {
      return (this.told.brings.call?.rings ?? 0) > this.clock;
    },
    list() {
      const items = [
        { does: 'copy', word: 'Copy text', symbol: 'content_copy', key: 'C', when: !!this.plain && !this.told.gone },
        { does: 'forward', word: 'Forward…', symbol: 'forward', key: 'F', when: this.can.forward },
        { does: 'edit', word: 'Edit', symbol: 'edit', key: 'E', when: this.mayEdit() },
        { does: 'delete', word: 'Delete for everybody…', symbol: 'delete', key: 'Del', risky: true, when: this.can.delete },
      ];
      return items.filter((item) => item.when);
    },
  },
  mounted() {
    const left = (this.told.brings.call?.rings ?? 0) - Date.now();
    if (left > 0) this.ringing = setTimeout(() => (this.clock = Date.now()), left + 50);
  },
  unmounted() {
    clearTimeout(this.ringing);
  },
  methods: {
    act(does, value = '') {
      this.$el.dispatchEvent(new CustomEvent('does', { bubbles: true, detail: [does, this.told.id, value] }));
    },
    does(what) {
      if (what === 'copy') return this.copy();
      this.act(what);
    },
    point(event) {
      if (event.target.closest('a, button, input, .tip') || String(getSelection())) return;
      this.act('pick');
    },
    left(event) {
      if (!this.$el.contains(event.relatedTarget)) this.focused = false;
    },
    // WhatsApp's clock decides in the end; this only keeps what is surely too late from being offered.
    mayEdit() {
      return !!this.can.edit && (this.busy, Date.now() < this.can.edit);
    },
    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const does = KEYS[event.key];
      if (event.key === '+' && this.can.react) this.$refs.react?.click();
      else if (does === 'copy') this.copy();
      else if (does === 'edit' ? this.mayEdit() : this.can[does]) this.act(does);
      else return;
      event.preventDefault();
    },
    jump() {
      if (this.told.quote.id) this.act('jump', this.told.quote.id);
    },
    choose() {
      this.$refs.emoji?.$el.querySelector('button')?.focus();
    },
    react(emoji) {
      this.open = false;
      this.$refs.react?.click();
      this.act('react', this.mine.includes(emoji) ? '' : emoji);
    },
    async copy() {
      const text = this.plain;
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        // Without TLS a browser has no clipboard for scripts, but it still copies what is selected.
        const field = Object.assign(document.createElement('textarea'), { value: text });
        document.body.append(field);
        field.select();
        document.execCommand('copy');
        field.remove();
      }
      Quasar.Notify.create({ message: 'Copied', timeout: 1200 });
    },
  },
};

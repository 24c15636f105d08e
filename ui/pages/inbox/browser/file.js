// A picture, a video, a sound or a document of a message; or, while it is not here, what it is and a way to get it.
import Player from 'dovecote-inbox/player.js';
import { look } from 'dovecote-inbox/lightbox.js';

const LARGEST = 288;
const LOWEST = 120;
const WORDS = { image: 'Photo', video: 'Video', sticker: 'Sticker', audio: 'Audio', voice: 'Voice message', document: 'Document' };

export default {
  components: { Player },
  template: `
    <div v-if="file.once" class="aside-mark"><q-icon name="sym_o_counter_1" class="icon tiny" />View once</div>
    <button v-if="seen && file.state === 'here'" type="button" class="photo" :class="file.kind" :style="frame"
      :aria-label="(file.kind === 'video' ? 'Play the video' : 'Look at the ' + word.toLowerCase()) + (file.name ? ' ' + file.name : '')"
      :data-look="address" :data-kind="file.kind" :data-name="file.name" :data-said="said" @click="look">
      <video v-if="file.kind === 'video' && file.animated" :src="address" autoplay loop muted playsinline></video>
      <img v-else-if="file.kind === 'sticker'" :src="address" alt="" loading="lazy" decoding="async">
      <img v-else-if="file.small" :src="address + '/thumbnail'" alt="" loading="lazy" decoding="async">
      <span v-if="file.kind === 'video' || (!file.small && !file.animated && file.kind !== 'sticker')" class="over">
        <q-icon :name="file.kind === 'video' ? 'sym_o_play_arrow' : 'sym_o_image'" class="icon" /></span>
      <span v-if="file.kind === 'video' && file.length" class="length">{{ file.length }}</span>
    </button>
    <div v-else-if="seen" class="photo missing" :style="frame">
      <span class="over"><q-icon :name="symbol" class="icon" /></span>
      <span>{{ why }}</span><span v-if="detail" class="faint">{{ detail }}</span>
      <button v-if="can" type="button" class="mini-button" @click="$emit('does', 'fetch')">{{ get }}</button>
    </div>
    <Player v-else-if="sounds && file.state === 'here'" :file="file" :address="address" />
    <div v-else class="file">
      <span class="sheet" aria-hidden="true">
        <template v-if="file.ending && !sounds">{{ file.ending }}</template><q-icon v-else :name="symbol" class="icon" />
      </span>
      <span class="names">
        <span class="strong cut">{{ file.name || word }}</span>
        <span v-if="file.state !== 'here'" class="small quiet">{{ why }}</span>
        <span class="small faint">{{ detail }}</span>
      </span>
      <a v-if="file.state === 'here'" class="mini-button" :href="address" :download="file.name || true"
        :aria-label="'Download ' + (file.name || word)"><q-icon name="sym_o_download" class="icon" /></a>
      <button v-else-if="can" type="button" class="mini-button" @click="$emit('does', 'fetch')">{{ get }}</button>
    </div>`,
  props: { file: Object, said: String },
  emits: ['does'],
  computed: {
    seen() {
      return ['image', 'video', 'sticker'].includes(this.file.kind);
    },
    sounds() {
      return ['audio', 'voice'].includes(this.file.kind);
    },
    word() {
      return WORDS[this.file.kind];
    },
    symbol() {
      return { image: 'sym_o_image', video: 'sym_o_videocam', sticker: 'sym_o_note', audio: 'sym_o_music_note', voice: 'sym_o_mic' }[
        this.file.kind
      ] ?? 'sym_o_description';
    },
    address() {
      return `/media/${this.file.id}`;
    },
    detail() {
      return [this.file.size, this.file.length].filter(Boolean).join(' · ');
    },
    why() {
      const how = { wanted: 'Waits to be fetched', running: 'Is being fetched' }[this.file.state] ?? this.file.why;
      return how || 'Not here';
    },
    get() {
      return ['failed', 'gone'].includes(this.file.state) ? 'Try again' : 'Get it';
    },
    can() {
      return this.file.fetchable;
    },
    // The place it will take is known before the picture is: nothing moves while it loads.
    frame() {
      const largest = this.file.kind === 'sticker' ? 160 : LARGEST;
      const [width, height] = [this.file.width || largest, this.file.height || largest * 0.7];
      const scale = Math.min(largest / width, largest / height, 1);
      return { width: `${Math.max(LOWEST, width * scale)}px`, aspectRatio: `${Math.max(width, height / 3)} / ${Math.max(height, width / 3)}` };
    },
  },
  methods: {
    look(event) {
      look(event.currentTarget);
    },
  },
};

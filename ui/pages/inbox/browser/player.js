// Plays a sound: its loudness as bars, which are also where to go to.
const SPEEDS = [1, 1.5, 2];
let playing = null; // one at a time, in the whole page

export default {
  template: `
    <div class="voice" :class="{ going }">
      <button type="button" class="mini-button round" :aria-label="going ? 'Pause' : 'Play'" @click="turn">
        <q-icon :name="going ? 'sym_o_pause' : 'sym_o_play_arrow'" class="icon" /></button>
      <span class="waves">
        <svg viewBox="0 0 192 24" preserveAspectRatio="none" aria-hidden="true">
          <rect v-for="(loud, n) in bars" :x="n * 3" :y="12 - loud" width="1.8" :height="2 * loud" rx=".9"
            :class="{ past: n / bars.length < share }" />
        </svg>
        <input type="range" min="0" :max="length" step="0.1" :value="at" :aria-label="'Position in the ' + word"
          :aria-valuetext="told + ' of ' + clock(length)" @input="go">
      </span>
      <span class="small tabular faint">{{ told }}</span>
      <button v-if="going || at" type="button" class="mini-button" :aria-label="'Speed ' + speed" @click="faster">
        {{ speed }}×</button>
      <a v-else-if="file.kind === 'audio'" class="mini-button" :href="address" :download="file.name || true"
        :aria-label="'Download ' + (file.name || word)"><q-icon name="sym_o_download" class="icon" /></a>
    </div>`,
  props: { file: Object, address: String },
  data() {
    return { going: false, at: 0, length: this.file.seconds || 1, speed: 1 };
  },
  computed: {
    word() {
      return this.file.kind === 'voice' ? 'voice message' : 'audio';
    },
    bars() {
      const loud = this.file.waves?.length ? this.file.waves : Array(64).fill(8);
      return loud.map((each) => 1 + each / 9.1);
    },
    share() {
      return this.at / this.length;
    },
    told() {
      return this.clock(this.at || this.length);
    },
  },
  unmounted() {
    this.sound?.pause();
  },
  methods: {
    clock(seconds) {
      const whole = Math.floor(seconds);
      return `${Math.floor(whole / 60)}:${`${whole % 60}`.padStart(2, '0')}`;
    },
    load() {
      if (this.sound) return;
      this.sound = new Audio(this.address);
      this.sound.addEventListener('loadedmetadata', () => {
        if (Number.isFinite(this.sound.duration)) this.length = this.sound.duration;
      });
      this.sound.addEventListener('timeupdate', () => (this.at = this.sound.currentTime));
      this.sound.addEventListener('ended', () => (this.at = 0));
      for (const name of ['play', 'pause', 'ended'])
        this.sound.addEventListener(name, () => (this.going = !this.sound.paused && !this.sound.ended));
    },
    turn() {
      this.load();
      if (this.going) return this.sound.pause();
      if (playing !== this.sound) playing?.pause();
      playing = this.sound;
      this.sound.playbackRate = this.speed;
      this.sound.play().catch(() => (this.going = false));
    },
    go(event) {
      this.load();
      this.at = this.sound.currentTime = Number(event.target.value);
    },
    faster() {
      this.speed = SPEEDS[(SPEEDS.indexOf(this.speed) + 1) % SPEEDS.length];
      this.sound.playbackRate = this.speed;
    },
  },
};

// Records a voice message.
const FORMATS = ['audio/ogg;codecs=opus', 'audio/webm;codecs=opus', 'audio/mp4'];
const LONGEST = 15 * 60; // seconds

export default {
  template: `
    <div class="recording" role="group" aria-label="Voice message">
      <span class="dot bad" aria-hidden="true"></span>
      <span class="tabular" role="timer" aria-label="Recorded so far">{{ clock }}</span>
      <span class="grow small quiet">{{ going ? 'Recording' : 'Waiting for the microphone' }}</span>
      <button type="button" class="mini-button" aria-label="Throw the recording away" @click="end(false)">
        <q-icon name="sym_o_delete" class="icon" /></button>
      <q-btn flat no-caps :ripple="false" class="primary small" label="Send recording" :disable="!going || seconds < 1" @click="end(true)" />
    </div>`,
  emits: ['done', 'cancel', 'problem'],
  data: () => ({ seconds: 0, going: false }),
  computed: {
    clock() {
      return `${Math.floor(this.seconds / 60)}:${`${this.seconds % 60}`.padStart(2, '0')}`;
    },
  },
  mounted() {
    this.begin();
  },
  beforeUnmount() {
    this.silence();
  },
  methods: {
    async begin() {
      if (!navigator.mediaDevices || !window.MediaRecorder)
        return this.$emit('problem', 'This browser records only on a page with https. Open Dovecote by such an address.');
      try {
        this.stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      } catch (error) {
        const refused = error.name === 'NotAllowedError';
        const why = refused ? 'The browser does not let this page use the microphone. Allow it beside the address.' : 'No microphone was found.';
        return this.$emit('problem', why);
      }
      if (this.over) return this.silence();
      const pieces = [];
      this.recorder = new MediaRecorder(this.stream, { mimeType: FORMATS.find((each) => MediaRecorder.isTypeSupported(each)) });
      this.recorder.ondataavailable = (event) => pieces.push(event.data);
      this.recorder.onstop = () => this.stopped(pieces);
      this.recorder.start(1000);
      this.going = true;
      this.timer = setInterval(() => ++this.seconds >= LONGEST && this.end(true), 1000);
    },
    end(send) {
      this.send = send;
      if (this.recorder?.state === 'recording') this.recorder.stop();
      else this.$emit('cancel');
    },
    stopped(pieces) {
      this.silence();
      if (!this.send) return this.$emit('cancel');
      const type = this.recorder.mimeType;
      const ending = type.includes('ogg') ? 'ogg' : type.includes('mp4') ? 'm4a' : 'webm';
      this.$emit('done', new File(pieces, `Voice message.${ending}`, { type }));
    },
    silence() {
      this.over = true;
      clearInterval(this.timer);
      this.stream?.getTracks().forEach((track) => track.stop());
    },
  },
};

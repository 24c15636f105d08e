// A place, contact cards and the card of a link.
export const Place = {
  template: `
    <a class="place" :href="place.link" target="_blank" rel="noopener noreferrer"
      :aria-label="(place.name || 'Location') + ', ' + place.at + '. Opens OpenStreetMap'">
      <svg viewBox="0 0 288 120" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
        <rect class="land" width="288" height="120" /><path class="park" d="M0 86c40-14 74 2 96 34H0zM214 0h74v52c-36 4-62-16-74-52z" />
        <path class="water" d="M0 36c52-22 92 12 138 2s92-30 150-14v20c-58-12-104 16-150 20S52 40 0 58z" />
        <path class="road" d="M-4 104 122-4M92 124 214-4M150 124l142-78M-4 18l296 96" /><path class="pin" d="M144 74s17-18 17-31a17 17 0 1 0-34 0c0 13 17 31 17 31z" />
        <circle class="hole" cx="144" cy="43" r="6" />
      </svg>
      <span class="names">
        <span v-if="place.live" class="aside-mark"><q-icon name="sym_o_share_location" class="icon tiny" />Live location, where it began</span>
        <span v-if="place.name" class="strong">{{ place.name }}</span>
        <span v-if="place.address" class="small quiet">{{ place.address }}</span>
        <span class="small faint tabular">{{ place.at }}</span>
      </span>
    </a>`,
  props: { place: Object },
};

export const Cards = {
  template: `
    <div class="people">
      <div v-for="card in cards" class="person">
        <span class="face" :class="card.tint" aria-hidden="true">{{ card.letters }}</span>
        <span class="names">
          <span class="strong">{{ card.name }}</span>
          <span v-for="[phone, shown] in card.phones" class="beside near small quiet">
            <span class="grow nowrap">{{ shown }}</span>
            <button v-if="writes" type="button" class="act" :aria-label="'Write to ' + card.name + ', ' + shown"
              @click.stop="$emit('does', 'write', phone)">Write to them</button>
          </span>
        </span>
      </div>
    </div>`,
  props: { cards: Array, writes: Boolean },
  emits: ['does'],
};

export const Preview = {
  template: `
    <component :is="preview.link ? 'a' : 'div'" class="link-card" :href="preview.link || null" target="_blank"
      rel="noopener noreferrer nofollow">
      <img v-if="preview.picture" :src="preview.picture" alt="">
      <span class="names"><span class="strong">{{ preview.title }}</span>
        <span v-if="preview.description" class="small quiet">{{ preview.description }}</span>
        <span class="small faint cut">{{ preview.host }}</span></span>
    </component>`,
  props: { preview: Object },
};

/** Money is in cents: sums of fractions drift. */
export interface Product {
  /** Names the product in addresses, in carts and in `public/art`. */
  readonly slug: string
  readonly name: string
  readonly category: string
  readonly priceCents: number
  /** One line, for the shelf. */
  readonly line: string
  /** One paragraph, for the product's own page. */
  readonly story: string
  readonly facts: readonly string[]
}

export const products: readonly Product[] = [
  {
    slug: 'two-night-bag',
    name: 'Two-Night Bag',
    category: 'carry',
    priceCents: 14800,
    line: 'Waxed canvas, just big enough.',
    story:
      'It holds two shirts, one book and the other pair of shoes. When it is full you have packed enough, and it has never once had to be checked in.',
    facts: [
      'Waxed cotton canvas, bridle leather',
      '48 × 26 × 24 cm, 1.3 kg',
      'Mended free, for as long as we are here',
    ],
  },
  {
    slug: 'rolltop-pack',
    name: 'Rolltop Day Pack',
    category: 'carry',
    priceCents: 9600,
    line: 'For the walk between two trains.',
    story:
      'Roll it down for a sandwich and a map, roll it up for a wet coat and whatever the market had. The straps are the part you will not notice, which took us longest.',
    facts: ['Recycled nylon, taped seams', '14 to 22 litres', 'Sleeve for a 13-inch screen'],
  },
  {
    slug: 'luggage-tags',
    name: 'Luggage Tag Pair',
    category: 'carry',
    priceCents: 1800,
    line: 'One for each of you.',
    story:
      'A name, a town, and a window with a flap, so that only somebody who found your bag gets to read it. Stitched from the ends of the two-night bags.',
    facts: ['Vegetable-tanned leather', 'Two colours to a pair', 'Cards and cord included'],
  },
  {
    slug: 'train-blanket',
    name: 'Train Blanket',
    category: 'rest',
    priceCents: 7200,
    line: 'Warm wool, rolled and strapped.',
    story:
      'Night trains are cold at four in the morning, whatever the brochure says. Woven wide enough for two seats or one long person, and it rolls up smaller than a loaf.',
    facts: ['Lambswool, woven in one piece', '130 × 180 cm, 900 g', 'Leather carrying strap'],
  },
  {
    slug: 'sleep-mask',
    name: 'Sleep Mask',
    category: 'rest',
    priceCents: 2400,
    line: 'A small night of your own.',
    story:
      'Soft, dark, and padded where your nose lets the light in. The eyelashes are embroidered, so that your neighbours know where they stand.',
    facts: ['Linen and brushed cotton', 'Strap adjusts, no buckle to lie on', 'Washes at 40 °C'],
  },
  {
    slug: 'folding-lantern',
    name: 'Folding Lantern',
    category: 'rest',
    priceCents: 3900,
    line: 'Light that packs flat.',
    story:
      'Folds to the size of a paperback and opens with one hand in a dark tent. Bright enough to read by, dim enough to talk by.',
    facts: ['40 hours on one charge', '11 cm tall open, 3 cm folded', 'Rainproof, not lakeproof'],
  },
  {
    slug: 'steel-flask',
    name: 'Steel Flask',
    category: 'table',
    priceCents: 3400,
    line: 'Still hot at the summit.',
    story:
      'Poured at breakfast, hot at lunch, warm at the last bus. The lid is a cup, and there is a second cup, because somebody always asks.',
    facts: ['750 ml, double wall', 'Twelve hours hot, twenty cold', 'Two cups'],
  },
  {
    slug: 'enamel-cup',
    name: 'Enamel Cup',
    category: 'table',
    priceCents: 1200,
    line: 'Goes on the fire, comes off again.',
    story:
      'The cup that ends up on every windowsill you pass through. It will chip, and each chip will remind you of somewhere.',
    facts: ['Steel, twice enamelled', '350 ml', 'Stove, fire and dishwasher'],
  },
  {
    slug: 'cutlery-roll',
    name: 'Cutlery Roll',
    category: 'table',
    priceCents: 2800,
    line: 'Fork, knife, spoon, chopsticks.',
    story:
      'Real cutlery in a canvas roll, so that lunch on a bench is still lunch. Ties with a cord and goes into the wash as it is.',
    facts: ['Stainless steel, beech chopsticks', 'Cotton canvas', 'Room for one thing of your own'],
  },
  {
    slug: 'field-notebook',
    name: 'Field Notebook',
    category: 'paper',
    priceCents: 1400,
    line: 'Lies flat, minds no rain.',
    story:
      'Sewn, so that it opens flat on one knee. Faint dots instead of lines, a pocket for tickets, and a pencil that fits the spine.',
    facts: ['144 pages, 90 g', '13 × 18 cm', 'Pencil included'],
  },
  {
    slug: 'linen-map',
    name: 'Linen Map',
    category: 'paper',
    priceCents: 2200,
    line: 'Every path, no signal needed.',
    story:
      'Printed on cloth, so it folds any way you like and never tears along the crease you need. Doubles as a scarf, a tablecloth, and a way to start conversations.',
    facts: ['Printed linen, 70 × 100 cm', 'Six regions, tell us yours', 'Hand wash'],
  },
  {
    slug: 'postcard-set',
    name: 'Postcard Set',
    category: 'paper',
    priceCents: 900,
    line: 'Eight small proofs you were away.',
    story:
      'Eight cards of nowhere in particular, so that they are right wherever you are. Heavy enough to survive three post offices.',
    facts: ['Eight designs, 350 g card', '10.5 × 14.8 cm', 'Stamps not included, alas'],
  },
]

import { defineComponent, h, inject, onMounted, onUnmounted, provide, type Ref, ref } from 'vue'

const CHOSEN = Symbol('chosen tab')
const STORED = 'sojourn-framework'

/** One of several sections at a time. The names are separated by `|`. A link to a heading opens its tab. */
export const Tabs = defineComponent({
  props: { names: { type: String, required: true } },
  setup(props, { slots }) {
    const names = props.names.split('|')
    const chosen = ref(names[0] ?? '')
    const root = ref<HTMLElement | null>(null)
    provide(CHOSEN, chosen)

    function choose(name: string): void {
      chosen.value = name
      localStorage.setItem(STORED, name)
    }

    function openLinked(): void {
      const heading = root.value?.querySelector(`[id="${CSS.escape(decodeURIComponent(location.hash.slice(1)))}"]`)
      const name = heading?.closest<HTMLElement>('[data-tab]')?.dataset.tab
      if (name === undefined) return
      chosen.value = name
      // VitePress scrolls in the next frame, to where the heading was while it was hidden: to the top.
      requestAnimationFrame(() => requestAnimationFrame(() => heading?.scrollIntoView()))
    }

    function step(event: KeyboardEvent): void {
      const at = names.indexOf(chosen.value)
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key]
      if (to === undefined) return
      event.preventDefault()
      const next = names.at(to % names.length) ?? ''
      choose(next)
      root.value?.querySelector<HTMLElement>(`[data-for="${CSS.escape(next)}"]`)?.focus()
    }

    onMounted(() => {
      const stored = localStorage.getItem(STORED)
      if (stored !== null && names.includes(stored)) chosen.value = stored
      openLinked()
      addEventListener('hashchange', openLinked)
    })
    onUnmounted(() => removeEventListener('hashchange', openLinked))

    return () =>
      h('div', { class: 'tabs', ref: root }, [
        h(
          'div',
          { class: 'tabs-names', role: 'tablist', onKeydown: step },
          names.map((name) =>
            h(
              'button',
              {
                type: 'button',
                role: 'tab',
                'data-for': name,
                'aria-selected': name === chosen.value,
                tabindex: name === chosen.value ? 0 : -1,
                onClick: () => choose(name),
              },
              name,
            ),
          ),
        ),
        slots.default?.(),
      ])
  },
})

export const Tab = defineComponent({
  props: { name: { type: String, required: true } },
  setup(props, { slots }) {
    const chosen = inject<Ref<string>>(CHOSEN)
    return () =>
      h(
        'section',
        { role: 'tabpanel', 'data-tab': props.name, 'aria-label': props.name, hidden: chosen?.value !== props.name },
        slots.default?.(),
      )
  },
})

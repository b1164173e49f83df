import type { SessionInfo } from 'sojourn'
import { ago } from './format.ts'
import { type Html, html } from './html.ts'

/** *Your devices*: every live session of this user, and a way to end each. */
export function deviceList(devices: readonly SessionInfo[], bound: ReadonlySet<string>): Html {
  return html`
    <section aria-labelledby="devices" class="panel">
      <h2 id="devices">Your devices</h2>
      <p>Where you are signed in right now. If you do not know one of them, end it and change your password.</p>
      <ul class="devices">${devices.map((device) => deviceRow(device, bound.has(device.id)))}</ul>
      ${devices.length > 1 && html`<form method="post" action="/account/devices/end-others"><button class="quiet">End all the others</button></form>`}
    </section>`
}

function deviceRow({ id, device, current, createdAt, lastSeenAt, expiresAt }: SessionInfo, isBound: boolean): Html {
  const name = device?.name ?? 'Unknown device'
  return html`
    <li class="device">
      ${deviceIcon(name)}
      <div>
        <p class="device-name">${name} ${current && html`<span class="badge">This device</span>`}</p>
        <p class="hint">
          ${device?.ip && html`Network ${device.ip}<br>`}
          Seen ${ago(lastSeenAt)}, signed in ${ago(createdAt)}<br>
          Ends by itself ${ago(expiresAt)}, if unused
          ${isBound && html`<br>Bound to the device: a copy of it opens nothing elsewhere`}
        </p>
      </div>
      ${!current && html`<form method="post" action="/account/devices/${id}/end"><button class="quiet">End<span class="unseen"> ${name}, seen ${ago(lastSeenAt)}</span></button></form>`}
    </li>`
}

function deviceIcon(name: string): Html {
  const shape = /android|iphone|ipad|ios|mobile/i.test(name)
    ? html`<rect x="13" y="5" width="14" height="30" rx="3"/><path d="M18 31h4"/>`
    : html`<rect x="8" y="9" width="24" height="17" rx="2"/><path d="M4 31h32"/>`
  return html`<svg viewBox="0 0 40 40" width="40" height="40" aria-hidden="true" class="device-icon">${shape}</svg>`
}

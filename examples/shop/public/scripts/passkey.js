const form = document.querySelector('form[data-passkey]')
const credential = form.elements.namedItem('credential')
const alertBox = form.querySelector('[role=alert]')
const { startRegistration, startAuthentication } = globalThis.SimpleWebAuthnBrowser
const ask = form.dataset.passkey === 'make' ? startRegistration : startAuthentication

form.addEventListener('submit', async (event) => {
  if (credential.value !== '') return
  event.preventDefault()
  alertBox.hidden = true
  try {
    credential.value = JSON.stringify(await ask({ optionsJSON: JSON.parse(form.dataset.options) }))
    form.requestSubmit()
  } catch (error) {
    alertBox.textContent =
      error.name === 'InvalidStateError'
        ? 'This device has a passkey for Wayside already.'
        : 'Your browser did not use a passkey. Please try again.'
    alertBox.hidden = false
  }
})

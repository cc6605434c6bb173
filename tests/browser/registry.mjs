// A certificate with a slot in a registry at the counter: shown, revoked at the desk, published, refused.
//
//   node registry.mjs CHROMIUM SCREENSHOTS < {"issuer", "verifier", "password", "issuance"}
//
// Prints {"request": …} when the wallet has to answer, and {"revoked": true} when staff have revoked.

import { ask, logIn, must, page, read, setup, shot, tell, walk } from './browser.mjs'

const QUESTION = 'Which dose did this person receive, and when?'
const details = new URL(`/issuances/${setup.issuance}`, setup.issuer).href

await walk(async () => {
  await logIn(setup.verifier)
  const before = await ask(QUESTION, 'slot-before')
  must(before === 'verified', `expected a good answer, found ${before}`)
  must((await page.locator('.checks').textContent()).includes('The wallet proved it'), 'expected how it was checked')
  must((await page.locator('.shown .issuer').textContent()).includes('epoch 0'), 'expected the epoch')

  await logIn(setup.issuer)
  await page.getByRole('heading', { name: 'Revocation registries' }).waitFor()
  must((await page.locator('table').last().textContent()).includes('in time'), 'expected an epoch that is in time')
  await shot('desk-registries')
  await page.goto(details)
  must((await page.getByRole('button', { name: 'Suspend' }).count()) === 0, 'a slot cannot be suspended')
  await page.getByLabel('I am sure').check()
  await page.getByRole('button', { name: 'Revoke for good' }).click()
  await page.getByText('hold until the next epoch').waitFor()
  await shot('slot-revoked')
  tell({ revoked: true })
  await read()
  await page.reload()
  await page.getByText('ended with epoch 1').waitFor()

  const after = await ask(QUESTION, 'slot-after')
  must(after === 'refused', `expected a refusal after revocation, found ${after}`)
  must((await page.locator('.checks li.bad').textContent()).includes('refresh the wallet'), 'expected what to do')
  return { before, after }
})

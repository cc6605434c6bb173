// A person at the desk and at the counter, played by Chromium: roster -> offer -> counter page -> revoke -> refused.
//
//   node walk.mjs CHROMIUM SCREENSHOTS < {"issuer", "verifier", "password", "roster", "bad_roster"}
//
// Speaks with its caller in JSON lines: prints {"offer": …} and {"request": …}, and reads one line each when the wallet
// has acted. Ends with {"done": true, …}, or exits 1 with what went wrong.

import { ask, logIn, must, page, read, setup, shot, tell, walk } from './browser.mjs'

const { issuer, verifier, roster, bad_roster: badRoster } = setup

async function upload(path) {
  await page.goto(issuer)
  await page.locator('input[name=configuration_id][value=student-id]').check()
  await page.getByLabel(/roster/i).setInputFiles(path)
  await page.getByRole('button', { name: 'Check the list' }).click()
}

await walk(async () => {
  await logIn(issuer)
  await shot('desk')
  await upload(badRoster)
  await page.getByText('Nothing was issued').waitFor()
  const problems = await page.locator('table').first().locator('tbody tr').count()
  must(problems > 5, `expected the messy roster's problems row by row, found ${problems}`)
  must(!(await page.content()).includes('alert(1)</script>'), 'a cell of the roster became markup')
  await shot('roster-refused')

  await upload(roster)
  await page.getByText('Every row is fine').waitFor()
  await shot('roster-checked')
  await page.getByRole('button', { name: /^Issue \d+ credential/ }).click()
  await page.locator('.slip').first().waitFor()
  await shot('links')
  must((await page.locator('.slip img').count()) > 0, 'expected a QR code for each person')
  const claim = await page.locator('.slip .link a').first().getAttribute('href')
  const details = await page.locator('.slip').first().getByRole('link', { name: 'Details' }).getAttribute('href')

  await page.goto(claim)
  await shot('claim')
  tell({ offer: await page.getByRole('link', { name: 'Open my wallet' }).getAttribute('href') })
  await read()

  await logIn(verifier)
  await shot('counter')
  const before = await ask('Is this person a student?', 'before')
  must(before === 'verified', `expected a good answer, found ${before}`)
  must((await page.locator('.checks li.good').count()) >= 6, 'expected each check by name')
  must((await page.locator('.checks li.bad').count()) === 0, 'expected no failed check')

  await page.goto(new URL(details, issuer).href)
  await page.getByLabel('I am sure').check()
  await page.getByRole('button', { name: 'Revoke for good' }).click()
  await page.locator('.tag', { hasText: 'revoked' }).first().waitFor()
  await shot('revoked')
  tell({ revoked: true })
  await read()

  const after = await ask('Is this person a student?', 'after')
  must(after === 'refused', `expected a refusal after revocation, found ${after}`)
  must((await page.locator('.checks li.bad').textContent()).includes('revoked'), 'expected the refusal to say revoked')
  return { before, after }
})

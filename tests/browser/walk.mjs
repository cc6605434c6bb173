// A person at the desk and at the counter, played by Chromium: roster -> offer -> counter page -> revoke -> refused.
//
//   node walk.mjs CHROMIUM SCREENSHOTS < {"issuer", "verifier", "password", "roster", "bad_roster"}
//
// Speaks with its caller in JSON lines: prints {"offer": …} and {"request": …}, and reads one line each when the wallet
// has acted. Ends with {"done": true, …}, or exits 1 with what went wrong.

import { createInterface } from 'node:readline'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const [executablePath, screenshots] = process.argv.slice(2)
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const read = async () => JSON.parse((await lines.next()).value)
const tell = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)
const must = (condition, message) => {
  if (!condition) throw new Error(message)
}

const { issuer, verifier, password, roster, bad_roster: badRoster } = await read()
const context = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), 'trustid-browser-')), {
  executablePath,
  headless: true,
  viewport: { width: 1100, height: 900 },
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})
const violations = []
const page = await context.newPage()
page.setDefaultTimeout(15_000)
// A roster that is refused answers 422, which the console notes; anything else is a fault of the page.
page.on('console', (message) => message.type() === 'error' && !message.text().includes('status of 422') && violations.push(message.text()))
page.on('pageerror', (error) => violations.push(String(error)))
page.on('dialog', (dialog) => {
  violations.push(`a dialog opened: ${dialog.message()}`)
  dialog.dismiss()
})
const shot = (name) => page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true })

async function logIn(url) {
  await page.goto(url)
  await page.getByLabel(/password/i).fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
}

async function ask(question, name) {
  await page.goto(verifier)
  await page.locator('form.card', { hasText: question }).getByRole('button', { name: 'Ask this' }).click()
  await page.getByText('Scan this with the wallet').waitFor()
  await shot(`${name}-code`)
  tell({ request: await page.locator('#link').textContent() })
  await read()
  // Nobody touches the page: the answer arrives by itself.
  await page.locator('.verdict').waitFor()
  await shot(`${name}-answer`)
  return (await page.locator('.verdict').getAttribute('class')).includes('verified') ? 'verified' : 'refused'
}

async function upload(path) {
  await page.goto(issuer)
  await page.locator('input[name=configuration_id][value=student-id]').check()
  await page.getByLabel(/roster/i).setInputFiles(path)
  await page.getByRole('button', { name: 'Check the list' }).click()
}

try {
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
  must(violations.length === 0, `the console complained: ${violations.join(' | ')}`)
  tell({ done: true, before, after })
} catch (error) {
  await shot('failure').catch(() => {})
  process.stderr.write(`${error.stack}\nat ${page.url()}\n${violations.join('\n')}\n`)
  process.exitCode = 1
} finally {
  await context.close()
  process.stdin.destroy()
}

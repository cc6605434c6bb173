// Chromium for a walk, and its talk with the test: JSON lines, one of ours for one of theirs.
//
// The first line that is read is the setup: {"issuer", "verifier", "password", …}.

import { createInterface } from 'node:readline'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const [executablePath, screenshots] = process.argv.slice(2)
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
export const read = async () => JSON.parse((await lines.next()).value)
export const tell = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)
export const must = (condition, message) => {
  if (!condition) throw new Error(message)
}

export const setup = await read()
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
export const violations = []
export const page = await context.newPage()
page.setDefaultTimeout(15_000)
// A roster that is refused answers 422, which the console notes; anything else is a fault of the page.
page.on('console', (message) => message.type() === 'error' && !message.text().includes('status of 422') && violations.push(message.text()))
page.on('pageerror', (error) => violations.push(String(error)))
page.on('dialog', (dialog) => {
  violations.push(`a dialog opened: ${dialog.message()}`)
  dialog.dismiss()
})
export const shot = (name) => page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true })

export async function logIn(url) {
  await page.goto(url)
  await page.getByLabel(/password/i).fill(setup.password)
  await page.getByRole('button', { name: 'Log in' }).click()
}

export async function ask(question, name) {
  await page.goto(setup.verifier)
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

// Walk; print what came of it, or what went wrong and where, and close the browser.
export async function walk(steps) {
  try {
    const found = await steps()
    must(violations.length === 0, `the console complained: ${violations.join(' | ')}`)
    tell({ done: true, ...found })
  } catch (error) {
    await shot('failure').catch(() => {})
    process.stderr.write(`${error.stack}\nat ${page.url()}\n${violations.join('\n')}\n`)
    process.exitCode = 1
  } finally {
    await context.close()
    process.stdin.destroy()
  }
}

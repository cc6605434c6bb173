// Issuers and verifiers that nobody here wrote, behind one line of JSON for each order:
// {"do": name, ...} on stdin, {"ok": result} or {"error": message} on stdout.
//
// {"do": "measure", "order": {...}, "count": n} carries an order out n times and gives the CPU seconds that took.

import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify } from 'node:crypto'
import { DataIntegrityProof } from '@digitalbazaar/data-integrity'
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey'
import * as ecdsaSd2023 from '@digitalbazaar/ecdsa-sd-2023-cryptosuite'
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey'
import { cryptosuite } from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite'
import * as vc from '@digitalbazaar/vc'
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc'
import { issueMdoc, presentMdoc, verifyMdoc } from './mdoc.mjs'

// --- SD-JWT VC: @sd-jwt/sd-jwt-vc, with Node's own signatures ----------------

const instances = new Map()

/** An issuer, holder and verifier with these keys; made once, as a server would. */
function sdJwt({ key, holder }) {
  const name = JSON.stringify([key, holder])
  if (!instances.has(name)) {
    instances.set(
      name,
      new SDJwtVcInstance({
        hasher: (data, algorithm) => createHash(algorithm.replace('-', '')).update(Buffer.from(data)).digest(),
        hashAlg: 'sha-256',
        saltGenerator: (length) => randomBytes(length).toString('base64url'),
        signAlg: key && algorithmOf(key),
        signer: key?.d && signer(key),
        verifier: key && verifier(key),
        kbSignAlg: holder && algorithmOf(holder),
        kbSigner: holder?.d && signer(holder),
        kbVerifier: holder && verifier(holder),
      }),
    )
  }
  return instances.get(name)
}

const algorithmOf = (jwk) => (jwk.crv === 'Ed25519' ? 'EdDSA' : 'ES256')
const digestOf = (jwk) => (jwk.crv === 'Ed25519' ? null : 'sha256')

function signer(jwk) {
  const key = { key: createPrivateKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }
  return (data) => sign(digestOf(jwk), Buffer.from(data), key).toString('base64url')
}

function verifier(jwk) {
  const { d, ...open } = jwk
  const key = { key: createPublicKey({ key: open, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }
  return (data, signature) => verify(digestOf(jwk), Buffer.from(data), key, Buffer.from(signature, 'base64url'))
}

// --- W3C credentials: @digitalbazaar/vc with eddsa-rdfc-2022 ------------------

const contexts = new Map()

/** The documents that a credential names: contexts that were handed over, and did:key of Ed25519 or P-256. */
async function documentLoader(url) {
  const document = contexts.get(url) ?? didKey(url)
  if (document === undefined) throw new Error(`no document for ${url}`)
  return { contextUrl: null, documentUrl: url, document }
}

function didKey(url) {
  const [did, fragment] = url.split('#')
  if (!/^did:key:z(6Mk|Dn)/.test(did)) return undefined
  const multikey = did.slice('did:key:'.length)
  const id = `${did}#${multikey}`
  const method = { id, type: 'Multikey', controller: did, publicKeyMultibase: multikey }
  if (fragment) return { '@context': 'https://w3id.org/security/multikey/v1', ...method }
  const uses = Object.fromEntries(['authentication', 'assertionMethod'].map((use) => [use, [id]]))
  return { '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'], id: did, verificationMethod: [method], ...uses }
}

const signers = new Map()

async function signerOf({ did, secretKeyMultibase }) {
  if (!signers.has(did)) {
    const multikey = did.slice('did:key:'.length)
    const kind = did.startsWith('did:key:z6Mk') ? Ed25519Multikey : EcdsaMultikey
    const pair = await kind.from({
      '@context': 'https://w3id.org/security/multikey/v1',
      type: 'Multikey',
      id: `${did}#${multikey}`,
      controller: did,
      publicKeyMultibase: multikey,
      secretKeyMultibase,
    })
    signers.set(did, pair.signer())
  }
  return signers.get(did)
}

const suiteOf = async (key) => new DataIntegrityProof({ signer: await signerOf(key), cryptosuite })

function accepted(result) {
  if (!result.verified) throw new Error(JSON.stringify(result.error?.errors?.map(String) ?? String(result.error)))
  return result
}

// --- orders -------------------------------------------------------------------

const orders = {
  contexts: ({ folder }) => {
    for (const { url, file } of JSON.parse(readFileSync(`${folder}/index.json`, 'utf8')))
      contexts.set(url, JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')))
    return contexts.size
  },
  sd_jwt_vc_issue: ({ key, claims, hidden, header }) =>
    sdJwt({ key }).issue(claims, { _sd: hidden }, { header }),
  sd_jwt_vc_verify: async ({ key, holder, text, nonce, required, now }) => {
    const options = { keyBindingNonce: nonce, requiredClaimKeys: required, currentDate: now }
    const { payload, kb } = await sdJwt({ key, holder }).verify(text, options)
    return { payload, kb: kb?.payload }
  },
  sd_jwt_vc_present: ({ key, holder, text, shown, payload }) =>
    sdJwt({ key, holder }).present(text, Object.fromEntries(shown.map((name) => [name, true])), {
      kb: payload && { payload },
    }),
  ldp_vc_issue: async ({ credential, ...key }) =>
    vc.issue({ credential: structuredClone(credential), suite: await suiteOf(key), documentLoader }),
  ldp_vc_verify: async ({ credential }) => {
    const suite = new DataIntegrityProof({ cryptosuite })
    return accepted(await vc.verifyCredential({ credential, suite, documentLoader })).verified
  },
  sd_2023_issue: async ({ credential, mandatoryPointers, ...key }) => {
    const cryptosuite = ecdsaSd2023.createSignCryptosuite({ mandatoryPointers })
    const suite = new DataIntegrityProof({ signer: await signerOf(key), cryptosuite })
    return vc.issue({ credential: structuredClone(credential), suite, documentLoader })
  },
  sd_2023_derive: async ({ credential, selectivePointers }) => {
    const suite = new DataIntegrityProof({ cryptosuite: ecdsaSd2023.createDiscloseCryptosuite({ selectivePointers }) })
    return vc.derive({ verifiableCredential: credential, suite, documentLoader })
  },
  sd_2023_verify: async ({ credential }) => {
    const suite = new DataIntegrityProof({ cryptosuite: ecdsaSd2023.createVerifyCryptosuite() })
    return accepted(await vc.verifyCredential({ credential, suite, documentLoader })).verified
  },
  ldp_vp_present: async ({ credentials, holder, challenge, domain, ...key }) => {
    const presentation = vc.createPresentation({ verifiableCredential: credentials, holder, version: 2.0 })
    return vc.signPresentation({ presentation, suite: await suiteOf(key), challenge, domain, documentLoader })
  },
  ldp_vp_verify: async ({ presentation, challenge, domain }) => {
    const suite = new DataIntegrityProof({ cryptosuite })
    return accepted(await vc.verify({ presentation, suite, challenge, domain, documentLoader })).verified
  },
  mdoc_issue: issueMdoc,
  mdoc_present: presentMdoc,
  mdoc_verify: verifyMdoc,
  measure: async ({ order, count }) => {
    const call = orders[order.do]
    const start = process.cpuUsage()
    for (let turn = 0; turn < count; turn++) await call(order)
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1e6
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line)
  let answer
  try {
    answer = { ok: await orders[order.do](order) }
  } catch (error) {
    answer = { error: String(error.stack ?? error) }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}

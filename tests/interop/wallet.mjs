// A wallet made of third-party packages only: @openid4vc for the protocols, @sd-jwt for disclosure, jose for keys.
//
//   node wallet.mjs accept OFFER_URI [TX_CODE]        prints {"credentials": [...], "keys": [...]} as one JSON line
//   node wallet.mjs present REQUEST_URI < wallet.json prints {"status": ..., "body": ...} of the verifier's answer
//
// It trusts the certificate that a request object carries; whether the verifier is the right one is not its subject.

import { createHash, randomBytes, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as jose from 'jose'
import { clientAuthenticationAnonymous, setGlobalConfig } from '@openid4vc/oauth2'
import { Openid4vciClient } from '@openid4vc/openid4vci'
import { Openid4vpClient } from '@openid4vc/openid4vp'
import { SDJwtInstance } from '@sd-jwt/core'

setGlobalConfig({ allowInsecureUrls: true }) // the servers under test speak http on loopback

const BATCH = 3
const keys = new Map() // thumbprint -> private key

const nodeHash = (data, algorithm) => new Uint8Array(createHash(algorithm.replace('-', '')).update(data).digest())

const didJwk = (jwk) => `did:jwk:${jose.base64url.encode(JSON.stringify(jwk))}`

async function publicJwkOf(signer) {
  if (signer.method === 'jwk') return signer.publicJwk
  if (signer.method === 'did' && signer.didUrl.startsWith('did:jwk:')) {
    const encoded = signer.didUrl.split('#')[0].slice('did:jwk:'.length)
    return JSON.parse(new TextDecoder().decode(jose.base64url.decode(encoded)))
  }
  if (signer.method === 'did' && signer.didUrl.startsWith('did:web:')) {
    const [host, ...path] = signer.didUrl.split('#')[0].slice('did:web:'.length).split(':').map(decodeURIComponent)
    const tail = path.length ? `/${path.join('/')}/did.json` : '/.well-known/did.json'
    const document = await (await fetch(`http://${host}${tail}`)).json()
    return document.verificationMethod.find((method) => method.id === signer.didUrl).publicKeyJwk
  }
  if (signer.method === 'x5c') {
    const certificate = new X509Certificate(Buffer.from(signer.x5c[0], 'base64'))
    return certificate.publicKey.export({ format: 'jwk' })
  }
  throw new Error(`no key for a signer of method ${signer.method}`)
}

const callbacks = {
  fetch,
  hash: nodeHash,
  generateRandom: (length) => new Uint8Array(randomBytes(length)),
  clientAuthentication: clientAuthenticationAnonymous(),
  getX509CertificateMetadata: (certificate) => {
    const names = new X509Certificate(Buffer.from(certificate, 'base64')).subjectAltName ?? ''
    const of = (kind) =>
      names
        .split(', ')
        .filter((name) => name.startsWith(`${kind}:`))
        .map((name) => name.slice(kind.length + 1))
    return { sanDnsNames: of('DNS'), sanUriNames: of('URI') }
  },
  signJwt: async (signer, { header, payload }) => {
    const jwk = await publicJwkOf(signer)
    const key = keys.get(await jose.calculateJwkThumbprint(jwk))
    return { jwt: await new jose.SignJWT(payload).setProtectedHeader(header).sign(key), signerJwk: jwk }
  },
  verifyJwt: async (signer, { compact }) => {
    const jwk = await publicJwkOf(signer)
    try {
      await jose.compactVerify(compact, await jose.importJWK(jwk, signer.alg))
      return { verified: true, signerJwk: jwk }
    } catch {
      return { verified: false }
    }
  },
  encryptJwe: async (encryptor, data) => ({
    encryptionJwk: encryptor.publicJwk,
    jwe: await new jose.CompactEncrypt(new TextEncoder().encode(data))
      .setProtectedHeader({ alg: encryptor.alg, enc: encryptor.enc, kid: encryptor.publicJwk.kid, typ: 'JWT' })
      .encrypt(await jose.importJWK(encryptor.publicJwk, encryptor.alg)),
  }),
  decryptJwe: () => ({ decrypted: false }),
}

async function newKey(alg) {
  const { privateKey, publicKey } = await jose.generateKeyPair(alg, { extractable: true })
  const jwk = await jose.exportJWK(publicKey)
  keys.set(await jose.calculateJwkThumbprint(jwk), privateKey)
  return jwk
}

async function accept(offerUri, txCode) {
  const client = new Openid4vciClient({ callbacks })
  const credentialOffer = await client.resolveCredentialOffer(offerUri)
  const issuerMetadata = await client.resolveIssuerMetadata(credentialOffer.credential_issuer)
  const { accessTokenResponse } = await client.retrievePreAuthorizedCodeAccessTokenFromOffer({
    credentialOffer,
    issuerMetadata,
    txCode,
  })
  const { c_nonce: nonce } = await client.requestNonce({ issuerMetadata })
  const credentialConfigurationId = credentialOffer.credential_configuration_ids[0]
  const proofs = []
  const algorithms = ['ES256', 'EdDSA', 'ES256']
  for (let copy = 0; copy < BATCH; copy += 1) {
    const alg = algorithms[copy]
    const jwk = await newKey(alg)
    const didUrl = `${didJwk(jwk)}#0`
    const signer = copy === 2 ? { method: 'did', didUrl, alg } : { method: 'jwk', publicJwk: jwk, alg }
    const proof = await client.createCredentialRequestJwtProof({ issuerMetadata, credentialConfigurationId, nonce, signer })
    proofs.push(proof.jwt)
  }
  const { credentialResponse } = await client.retrieveCredentials({
    issuerMetadata,
    accessToken: accessTokenResponse.access_token,
    credentialConfigurationId,
    proofs: { jwt: proofs },
  })
  const exported = await Promise.all([...keys.values()].map((key) => jose.exportJWK(key)))
  return { credentials: credentialResponse.credentials.map((entry) => entry.credential), keys: exported }
}

const instance = () => new SDJwtInstance({ hasher: (data, alg) => nodeHash(data, alg), saltGenerator: () => randomBytes(16).toString('base64url') })

// What DCQL asks for, as the frame that @sd-jwt discloses.
function frameOf(claims) {
  const frame = {}
  for (const { path } of claims) {
    let place = frame
    path.forEach((part, index) => {
      place[part] = index === path.length - 1 ? true : (place[part] ?? {})
      place = place[part]
    })
  }
  return frame
}

async function choose(wallet, asked) {
  for (const credential of wallet.credentials) {
    const claims = await (await instance().decode(credential)).getClaims((data, alg) => nodeHash(data, alg))
    if (asked.meta.vct_values.includes(claims.vct)) return { credential, claims }
  }
  throw new Error('no credential of the type asked for')
}

async function present(requestUri, wallet) {
  for (const jwk of wallet.keys) {
    const { d, ...publicJwk } = jwk
    keys.set(await jose.calculateJwkThumbprint(publicJwk), await jose.importJWK(jwk, jwk.kty === 'OKP' ? 'EdDSA' : 'ES256'))
  }
  const client = new Openid4vpClient({ callbacks })
  const parsed = client.parseOpenid4vpAuthorizationRequest({ authorizationRequest: requestUri })
  const resolved = await client.resolveOpenId4vpAuthorizationRequest({ authorizationRequestPayload: parsed.params })
  const payload = resolved.authorizationRequestPayload
  const vpToken = {}
  for (const asked of payload.dcql_query.credentials) {
    const { credential, claims } = await choose(wallet, asked)
    const disclosed = await instance().present(credential, frameOf(asked.claims ?? []))
    const key = keys.get(await jose.calculateJwkThumbprint(claims.cnf.jwk))
    const binding = await new jose.SignJWT({
      nonce: payload.nonce,
      aud: resolved.client.clientId ?? payload.client_id,
      sd_hash: createHash('sha256').update(disclosed).digest('base64url'),
    })
      .setProtectedHeader({ alg: claims.cnf.jwk.kty === 'OKP' ? 'EdDSA' : 'ES256', typ: 'kb+jwt' })
      .setIssuedAt()
      .sign(key)
    vpToken[asked.id] = [disclosed + binding]
  }
  const encryption = payload.response_mode === 'direct_post.jwt'
  const made = await client.createOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: payload,
    authorizationResponsePayload: { vp_token: vpToken },
    origin: undefined,
    ...(encryption ? { jarm: { encryption: { nonce: randomBytes(16).toString('base64url') }, serverMetadata: {
      authorization_signing_alg_values_supported: [],
      authorization_encryption_alg_values_supported: ['ECDH-ES'],
      authorization_encryption_enc_values_supported: ['A128GCM', 'A256GCM'],
    } } } : {}),
  })
  const { response } = await client.submitOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: payload,
    authorizationResponsePayload: made.authorizationResponsePayload,
    jarm: made.jarm,
  })
  return { status: response.status, body: await response.text(), client: resolved.client }
}

const [command, uri, txCode] = process.argv.slice(2)
const answer =
  command === 'accept' ? await accept(uri, txCode) : await present(uri, JSON.parse(readFileSync(0, 'utf8')))
process.stdout.write(`${JSON.stringify(answer)}\n`)

// Credo 0.6 as a wallet. Keys and records stay in memory: its own key store needs a native library.
//
//   node wallet.mjs OFFER_URI TX_CODE ANCHOR.pem... < request URIs, one a line
//
// Prints one JSON line {"collected": ..., "claims": [...]}, then one {"client_id", "status"} for each request.

import 'reflect-metadata'
import crypto from 'node:crypto'
import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, ConsoleLogger, InjectionSymbols, Kms, LogLevel, X509Module } from '@credo-ts/core'
import { OpenId4VcModule } from '@credo-ts/openid4vc'

const COPIES = 3

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)

class MemoryKeys {
  backend = 'memory'
  keys = new Map()

  isOperationSupported = () => true
  getPublicKey = async (_context, keyId) => this.keys.get(keyId)?.publicJwk ?? null
  randomBytes = (_context, { length }) => new Uint8Array(crypto.randomBytes(length))

  async createKey(_context, { keyId = crypto.randomUUID(), type }) {
    const pair =
      type.kty === 'OKP'
        ? crypto.generateKeyPairSync('ed25519')
        : crypto.generateKeyPairSync('ec', { namedCurve: type.crv })
    const publicJwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: keyId }
    this.keys.set(keyId, { publicJwk, privateKey: pair.privateKey })
    return { keyId, publicJwk }
  }

  async sign(_context, { keyId, data }) {
    const { publicJwk, privateKey } = this.keys.get(keyId)
    const signature =
      publicJwk.kty === 'OKP'
        ? crypto.sign(null, data, privateKey)
        : crypto.sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return { signature: new Uint8Array(signature) }
  }

  async verify(_context, { key, signature, data }) {
    const publicJwk = key.publicJwk ?? this.keys.get(key.keyId).publicJwk
    const opened = crypto.createPublicKey({ key: publicJwk, format: 'jwk' })
    const holds =
      publicJwk.kty === 'OKP'
        ? crypto.verify(null, data, opened, signature)
        : crypto.verify('sha256', data, { key: opened, dsaEncoding: 'ieee-p1363' }, signature)
    return holds ? { verified: true, publicJwk } : { verified: false }
  }
}

const matches = (tags, query) =>
  Object.entries(query).every(([name, value]) => {
    if (name === '$or') return value.some((one) => matches(tags, one))
    if (name === '$and') return value.every((one) => matches(tags, one))
    return Array.isArray(value) ? value.every((one) => (tags[name] ?? []).includes(one)) : tags[name] === value
  })

class MemoryRecords {
  records = new Map()
  supportsCursorPagination = false

  supportsLocking = () => false
  save = async (_context, record) => void this.records.set(record.id, record)
  update = this.save
  delete = async (_context, record) => void this.records.delete(record.id)
  getAll = async (_context, kind) => [...this.records.values()].filter((record) => record.type === kind.type)
  findByQuery = async (context, kind, query) =>
    (await this.getAll(context, kind)).filter((record) => matches(record.getTags(), query))

  async getById(_context, _kind, id) {
    if (!this.records.has(id)) throw new Error('no such record')
    return this.records.get(id)
  }
}

const [offerUri, txCode, ...anchors] = process.argv.slice(2)
const trustedCertificates = anchors.map((file) => readFileSync(file, 'utf8').replace(/-----[^-]+-----|\s/g, ''))
const agent = new Agent({
  config: { allowInsecureHttpUrls: true, logger: new ConsoleLogger(LogLevel.error) },
  dependencies: { FileSystem: class {}, EventEmitterClass: EventEmitter, fetch, WebSocketClass: class {} },
  modules: {
    records: {
      register: (manager) => manager.registerInstance(InjectionSymbols.StorageService, new MemoryRecords()),
    },
    kms: new Kms.KeyManagementModule({ backends: [new MemoryKeys()], defaultBackend: 'memory' }),
    openid4vc: new OpenId4VcModule({}),
    x509: new X509Module({ trustedCertificates }),
  },
})
// It is not initialized: that only looks for the version of a store on the disk, and there is none.

const { holder } = agent.openid4vc
const resolvedCredentialOffer = await holder.resolveCredentialOffer(offerUri)
const token = await holder.requestToken({ resolvedCredentialOffer, txCode })
const { credentials } = await holder.requestCredentials({
  resolvedCredentialOffer,
  ...token,
  credentialBindingResolver: async ({ issuerMaxBatchSize }) => {
    const made = Array.from({ length: Math.min(issuerMaxBatchSize, COPIES) }, () =>
      agent.kms.createKey({ type: { kty: 'EC', crv: 'P-256' } }),
    )
    return { method: 'jwk', keys: (await Promise.all(made)).map((key) => Kms.PublicJwk.fromPublicJwk(key.publicJwk)) }
  },
})
const { record } = credentials[0]
await agent.sdJwtVc.store({ record })
say({ collected: record.credentialInstances.length, claims: Object.keys(record.firstCredential.prettyClaims) })

for (const link of readFileSync(0, 'utf8').trim().split('\n')) {
  const request = await holder.resolveOpenId4VpAuthorizationRequest(link)
  const chosen = holder.selectCredentialsForDcqlRequest(request.dcql.queryResult)
  const { authorizationRequestPayload } = request
  const sent = await holder.acceptOpenId4VpAuthorizationRequest({ authorizationRequestPayload, dcql: { credentials: chosen } })
  say({ client_id: authorizationRequestPayload.client_id, status: sent.serverResponse?.status })
}
process.exit(0)

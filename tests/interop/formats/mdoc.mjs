// ISO mdoc with @owf/mdoc, on Node's own cryptography.

import { createHash, createHmac, createPrivateKey, createPublicKey, diffieHellman, hkdfSync, randomBytes, sign, verify, X509Certificate } from 'node:crypto'
import { CoseKey, DeviceKey, DeviceRequest, DeviceResponse, DocRequest, Holder, Issuer, IssuerSigned, ItemsRequest, SessionTranscript, SignatureAlgorithm, Verifier } from '@owf/mdoc'

const JWK = ['kty', 'crv', 'x', 'y', 'd']
const jwkOf = (key, members = JWK) => Object.fromEntries(members.map((name) => [name, key.jwk[name]]).filter(([, value]) => value))
const secret = (key) => createPrivateKey({ key: jwkOf(key), format: 'jwk' })
const open = (key) => createPublicKey({ key: jwkOf(key, JWK.slice(0, 4)), format: 'jwk' })

const context = {
  crypto: {
    random: (length) => randomBytes(length),
    digest: ({ digestAlgorithm, bytes }) => createHash(digestAlgorithm.replace('-', '')).update(bytes).digest(),
    calculateEphemeralMacKey: ({ privateKey, publicKey, sessionTranscriptBytes, info }) => {
      const ours = CoseKey.create({ keyType: 2, curve: 1, d: privateKey })
      const theirs = CoseKey.create({ keyType: 2, curve: 1, x: publicKey.slice(1, 33), y: publicKey.slice(33) })
      const shared = diffieHellman({ privateKey: secret(ours), publicKey: open(theirs) })
      const salt = createHash('sha256').update(sessionTranscriptBytes).digest()
      return CoseKey.create({ keyType: 4, k: new Uint8Array(hkdfSync('sha256', shared, salt, info, 32)) })
    },
  },
  cose: {
    sign1: {
      sign: ({ toBeSigned, key }) => sign('sha256', toBeSigned, { key: secret(key), dsaEncoding: 'ieee-p1363' }),
      verify: ({ sign1, key }) =>
        verify('sha256', sign1.toBeSigned, { key: open(key), dsaEncoding: 'ieee-p1363' }, sign1.signature),
    },
    mac0: {
      sign: ({ toBeAuthenticated, key }) => createHmac('sha256', key.k).update(toBeAuthenticated).digest(),
      verify: ({ mac0, key }) => createHmac('sha256', key.k).update(mac0.toBeAuthenticated).digest().equals(mac0.tag),
    },
  },
  x509: {
    getIssuerNameField: ({ certificate, field }) =>
      new X509Certificate(certificate).issuer
        .split('\n')
        .filter((line) => line.startsWith(`${field}=`))
        .map((line) => line.slice(field.length + 1)),
    getPublicKey: ({ certificate }) => CoseKey.fromJwk(new X509Certificate(certificate).publicKey.export({ format: 'jwk' })),
    verifyCertificateChain: ({ trustedCertificates, x5chain }) => {
      const leaf = new X509Certificate(x5chain[0])
      const anchor = trustedCertificates.map((one) => new X509Certificate(one)).find((one) => leaf.verify(one.publicKey))
      if (!anchor) throw new Error('no trusted certificate signed this one')
    },
    getCertificateData: ({ certificate }) => {
      const read = new X509Certificate(certificate)
      return {
        issuerName: read.issuer,
        subjectName: read.subject,
        serialNumber: read.serialNumber,
        thumbprint: read.fingerprint256,
        notBefore: new Date(read.validFrom),
        notAfter: new Date(read.validTo),
        pem: read.toString(),
      }
    },
  },
}

const bytes = (text) => new Uint8Array(Buffer.from(text, 'base64url'))

function transcript({ clientId, nonce, responseUri }) {
  return SessionTranscript.forOid4Vp({ clientId, nonce, responseUri }, context)
}

/** Issue: claims by namespace, signed by the key of the certificate, bound to the device's key. */
export async function issueMdoc({ docType, claims, key, certificate, device, signed, validUntil }) {
  const issuer = new Issuer(docType, context)
  for (const [namespace, values] of Object.entries(claims)) issuer.addIssuerNamespace(namespace, values)
  const made = await issuer.sign({
    signingKey: CoseKey.fromJwk(key),
    algorithm: SignatureAlgorithm.ES256,
    digestAlgorithm: 'SHA-256',
    validityInfo: { signed: new Date(signed), validFrom: new Date(signed), validUntil: new Date(validUntil) },
    deviceKeyInfo: { deviceKey: DeviceKey.fromJwk(device) },
    certificates: [bytes(certificate)],
  })
  return made.encodedForOid4Vci
}

/** Show elements to one verifier, with the device's signature. */
export async function presentMdoc({ issuerSigned, docType, elements, device, session }) {
  const namespaces = Object.fromEntries(
    Object.entries(elements).map(([namespace, names]) => [namespace, Object.fromEntries(names.map((name) => [name, false]))]),
  )
  const deviceRequest = DeviceRequest.create({
    docRequests: [DocRequest.create({ itemsRequest: ItemsRequest.create({ docType, namespaces }) })],
  })
  const response = await Holder.createDeviceResponseForDeviceRequest(
    {
      deviceRequest,
      sessionTranscript: await transcript(session),
      issuerSigned: [IssuerSigned.fromEncodedForOid4Vci(issuerSigned)],
      signature: { signingKey: CoseKey.fromJwk({ alg: 'ES256', ...device }) },
    },
    context,
  )
  return response.encodedForOid4Vp
}

/** Check a response: certificate, issuer's signature, digests, device's signature. Gives the claims by namespace. */
export async function verifyMdoc({ response, trusted, session, now }) {
  const deviceResponse = DeviceResponse.fromEncodedForOid4Vp(response)
  await Verifier.verifyDeviceResponse(
    {
      deviceResponse,
      sessionTranscript: await transcript(session),
      trustedCertificates: trusted.map(bytes),
      now: now && new Date(now),
    },
    context,
  )
  return deviceResponse.documents.map(({ docType, issuerSigned }) => ({
    docType,
    claims: Object.fromEntries(
      [...issuerSigned.issuerNamespaces.issuerNamespaces.keys()].map((name) => [name, issuerSigned.getPrettyClaims(name)]),
    ),
  }))
}

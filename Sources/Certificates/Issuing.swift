public import Base
public import Planning
public import TLS

/// Makes a key and a certificate for it that is as declared.
///
/// - Parameters:
///   - leaf: What the certificate says.
///   - now: The beginning of its validity, which ends with that of the CA at the latest.
///   - authority: The certificate of the CA.
///   - authorityKey: The key of the CA.
/// - Returns: The certificate and its key.
/// - Throws: ``TLS/TLSError`` if libcrypto cannot make them.
public func issue(
    _ leaf: LeafDeclaration,
    at now: Timestamp,
    by authority: Certificate,
    _ authorityKey: SigningKey,
) async throws(TLSError) -> (certificate: Certificate, key: SigningKey) {
    let key = try await onThread { () throws(TLSError) in try SigningKey(generating: leaf.key) }
    return (try issue(leaf, for: key, at: now, by: authority, authorityKey), key)
}

/// Makes a certificate for a key that is there.
func issue(
    _ leaf: LeafDeclaration,
    for key: SigningKey,
    at now: Timestamp,
    by authority: Certificate,
    _ authorityKey: SigningKey,
) throws(TLSError) -> Certificate {
    let end = min(now.seconds + leaf.validity.components.seconds, authority.validUntil.seconds)
    let contents = CertificateContents(
        commonName: leaf.commonName,
        organizations: leaf.organizations,
        names: leaf.names,
        usages: leaf.usages,
        validFrom: Timestamp(seconds: now.seconds - CertificateComparison.backdating),
        validUntil: Timestamp(seconds: end),
    )
    return try authorityKey.issue(contents, for: key, by: authority)
}

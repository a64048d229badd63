//! OpenID Connect: discovery of the provider, authorization requests, and ID tokens.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdToken, IdTokenClaims, IdTokenFields,
    IdTokenVerifier, IssuerUrl, Nonce, PkceCodeChallenge, RedirectUrl, Scope, SignatureVerificationError,
    StandardErrorResponse, StandardTokenResponse, TokenResponse,
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::http::Http;
use super::pending::PendingSignIn;
use crate::base::locked;
use crate::base::time;
use crate::base::with_causes;
use crate::config::{Environment, env_vars};
use crate::domain::sign_in::GoogleIdentity;

/// How long a discovery document is used.
const DISCOVERY_TTL: Duration = Duration::from_secs(3600);
/// How much the clocks may differ.
const LEEWAY: Duration = Duration::from_secs(120);

/// A claim of Google's beyond the standard ones.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Hosted {
    /// The Workspace domain that the account belongs to.
    hd: Option<String>,
}

impl AdditionalClaims for Hosted {}

type Claims = IdTokenClaims<Hosted, CoreGenderClaim>;
type Token = IdToken<Hosted, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type Fields = IdTokenFields<
    Hosted,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Client = openidconnect::Client<
    Hosted,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why a sign-in failed; for the log.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    #[error("cannot fetch the provider's configuration: {0}")]
    Discovery(String),
    #[error("the code cannot be exchanged: {0}")]
    Exchange(String),
    #[error("the ID token is not accepted: {0}")]
    Token(String),
}

pub struct Oidc {
    client_id: ClientId,
    client_secret: ClientSecret,
    issuer: IssuerUrl,
    http: Http,
    provider: Mutex<Option<(Instant, Arc<CoreProviderMetadata>)>>,
}

impl Oidc {
    /// `None` unless both parts of the client are configured.
    pub fn new(env: &Environment, http: Http) -> Result<Option<Self>, String> {
        let id = env.get(&env_vars::GOOGLE_CLIENT_ID).map(|id| id.trim().to_owned());
        let (Some(id), Some(secret)) = (id, env.secret(&env_vars::GOOGLE_CLIENT_SECRET)) else { return Ok(None) };
        let issuer = env.text(&env_vars::AGNES_GOOGLE_ISSUER);
        let issuer = IssuerUrl::new(issuer.trim().to_owned())
            .map_err(|error| format!("AGNES_GOOGLE_ISSUER must be a URL like https://accounts.google.com: {error}"))?;
        Ok(Some(Self {
            client_id: ClientId::new(id),
            client_secret: ClientSecret::new(secret.expose().to_owned()),
            issuer,
            http,
            provider: Mutex::new(None),
        }))
    }

    /// The URL at Google to redirect to, and what to store until the browser comes back.
    pub async fn begin(
        &self,
        redirect_uri: RedirectUrl,
        domains: &[&str],
        next: Option<String>,
    ) -> Result<(Url, PendingSignIn), OidcError> {
        let provider = self.provider().await?;
        let client = self.client(&provider).set_redirect_uri(redirect_uri.clone());
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .add_scopes(["email", "profile"].map(|scope| Scope::new(scope.into())))
            .set_pkce_challenge(challenge);
        // A hint for Google only; the claim in the ID token is checked.
        if let [domain] = domains {
            request = request.add_extra_param("hd", *domain);
        }
        let (url, state, nonce) = request.url();
        Ok((url, PendingSignIn { state, nonce, verifier, redirect_uri, next }))
    }

    /// Exchanges the code for an ID token and verifies it.
    pub async fn identify(&self, code: String, pending: PendingSignIn) -> Result<GoogleIdentity, OidcError> {
        let provider = self.provider().await?;
        let client = self.client(&provider).set_redirect_uri(pending.redirect_uri);
        let response = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| OidcError::Exchange(error.to_string()))?
            .set_pkce_verifier(pending.verifier)
            .request_async(&self.http)
            .await
            .map_err(|error| OidcError::Exchange(with_causes(&error)))?;
        let token = response.id_token().ok_or_else(|| OidcError::Token("the response has none".into()))?;
        let claims = match self.check(token, &provider, &pending.nonce) {
            Err(error) if is_unknown_key(&error) => {
                // Google rotates its keys every few days.
                let renewed = self.renew_keys(&provider).await?;
                self.check(token, &renewed, &pending.nonce).cloned()
            }
            checked => checked.cloned(),
        };
        claims.map(identity).map_err(|error| OidcError::Token(with_causes(&error)))
    }

    fn check<'a>(
        &self,
        token: &'a Token,
        provider: &CoreProviderMetadata,
        nonce: &Nonce,
    ) -> Result<&'a Claims, ClaimsVerificationError> {
        let verifier = IdTokenVerifier::new_confidential_client(
            self.client_id.clone(),
            self.client_secret.clone(),
            self.issuer.clone(),
            provider.jwks().clone(),
        )
        .set_allowed_algs([CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256])
        .set_time_fn(|| (SystemTime::now() - LEEWAY).into())
        .set_issue_time_verifier_fn(|at| {
            match at.timestamp() <= time::now().as_second() + LEEWAY.as_secs() as i64 {
                true => Ok(()),
                false => Err("issued in the future".into()),
            }
        });
        token.claims(&verifier, nonce)
    }

    fn client(&self, provider: &CoreProviderMetadata) -> Client {
        Client::from_provider_metadata(provider.clone(), self.client_id.clone(), Some(self.client_secret.clone()))
    }

    /// Google's endpoints and signing keys. Concurrent requests do not wait for each other.
    async fn provider(&self) -> Result<Arc<CoreProviderMetadata>, OidcError> {
        let known = locked(&self.provider).clone();
        if let Some((since, provider)) = known
            && since.elapsed() < DISCOVERY_TTL
        {
            return Ok(provider);
        }
        let provider = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http)
            .await
            .map_err(|error| OidcError::Discovery(with_causes(&error)))?;
        Ok(self.remember(provider))
    }

    async fn renew_keys(&self, provider: &CoreProviderMetadata) -> Result<Arc<CoreProviderMetadata>, OidcError> {
        let keys = CoreJsonWebKeySet::fetch_async(provider.jwks_uri(), &self.http)
            .await
            .map_err(|error| OidcError::Discovery(with_causes(&error)))?;
        Ok(self.remember(provider.clone().set_jwks(keys)))
    }

    fn remember(&self, provider: CoreProviderMetadata) -> Arc<CoreProviderMetadata> {
        let provider = Arc::new(provider);
        let mut known = locked(&self.provider);
        *known = Some((Instant::now(), Arc::clone(&provider)));
        provider
    }
}

fn is_unknown_key(error: &ClaimsVerificationError) -> bool {
    matches!(error, ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey))
}

fn identity(claims: Claims) -> GoogleIdentity {
    GoogleIdentity {
        email: claims.email().map(|email| email.trim().to_owned()).filter(|email| !email.is_empty()),
        email_verified: claims.email_verified() == Some(true),
        hosted_domain: claims.additional_claims().hd.as_ref().map(|domain| domain.to_lowercase()),
        name: claims.name().and_then(|name| name.get(None)).map(|name| name.trim().to_owned()),
    }
}

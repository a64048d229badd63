//! QR codes.

use minijinja::Value;
use qrcode::QrCode;
use qrcode::render::svg::Color;

use super::PageError;
use crate::server::ApiError;

/// A text as a picture for a page.
pub fn svg(text: &str) -> Result<Value, PageError> {
    let code = QrCode::new(text.as_bytes()).map_err(ApiError::internal)?;
    let picture = code.render::<Color<'_>>().min_dimensions(220, 220).build();
    // Within a page there is no XML declaration.
    let start = picture.find("<svg").unwrap_or_default();
    Ok(Value::from_safe_string(picture[start..].to_owned()))
}

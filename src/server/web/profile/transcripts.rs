use axum::extract::Path;
use axum::response::Response;
use minijinja::{Value, context};

use crate::domain::own_files::list_transcripts;
use crate::protocol::own_files::Transcript;
use crate::server::http::session::redirect;
use crate::server::web::formats::path_part;
use crate::server::web::listing::Listing;
use crate::server::web::{PageContext, PageResult, SignedIn};

const COLUMNS: &[(&str, &str)] = &[("name", "Transcript"), ("size", "Size"), ("sent", "Sent"), ("", "")];

/// More than a person keeps.
const MAX: usize = 20_000;

/// `GET /profile/sessions`: the transcripts that the visitor's agents have sent.
pub async fn show_transcripts(SignedIn(person): SignedIn, page: PageContext, list: Listing) -> PageResult {
    let turn = page.app.people.own_files.take(&person.user().id)?;
    let mut sent = list_transcripts(&page.app.config.data_dir, &person, MAX, 0).await?.transcripts;
    drop(turn);
    sent.retain(|transcript| list.matches(&[&transcript.filename]));
    list.sort(&mut sent, "-sent", |column, one, other| match column {
        "name" => one.filename.cmp(&other.filename),
        "size" => one.size.cmp(&other.size),
        _ => one.uploaded_at.cmp(&other.uploaded_at),
    });
    let rows: Vec<Value> = list.page(&sent).iter().map(row).collect();
    page.render("transcripts.html", context! { list => list.values(sent.len(), COLUMNS, "-sent"), rows })
}

/// `GET /profile/sessions/{filename}`, where v0.35 has them.
pub async fn redirect_to_transcript(_: SignedIn, Path(filename): Path<String>) -> PageResult<Response> {
    Ok(redirect(&format!("/api/me/transcripts/{}", path_part(&filename))))
}

fn row(Transcript { filename, size, uploaded_at }: &Transcript) -> Value {
    context! { filename, size, uploaded_at }
}

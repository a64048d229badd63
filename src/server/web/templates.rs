//! Templates, which are embedded in the program. Their shared parts are macros in `templates/macros`.

use std::sync::LazyLock;

use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "templates/"]
#[include = "*.html"]
struct Templates;

/// Values are escaped, since all names end in `.html`.
static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    super::formats::add(&mut environment);
    environment.set_loader(|name| {
        let Some(file) = Templates::get(name) else { return Ok(None) };
        let text = String::from_utf8(file.data.into_owned());
        text.map(Some).map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))
    });
    environment
});

/// Renders a template.
pub fn render(name: &str, values: Value) -> Result<String, Error> {
    TEMPLATES.get_template(name)?.render(values)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use minijinja::context;

    use super::*;
    use crate::server::web::form::FormState;

    /// Renders a template that is written here.
    fn page(source: &str, values: Value) -> String {
        let text = TEMPLATES.render_named_str("test.html", source, values).unwrap();
        let lines = text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty());
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn fields_give_back_what_was_typed() {
        let form = FormState::new("sign-in").with_value("email", "a\"b").with_error("email", "Not an <address>");
        let source = r#"{% from "macros/form.html" import field %}
            {{- field(form, "email", "Email", type="email", autocomplete="username", required=true) }}
            {{- field(form, "name", "Name", hint="As others see it", maxlength=200) }}"#;
        assert_snapshot!(page(source, context! { form }), @r#"
        <div class="field">
          <label for="sign-in-email">Email</label>
          <input id="sign-in-email" name="email" type="email" value="a&quot;b" autocomplete="username" required aria-invalid="true" aria-describedby="sign-in-email-note">
          <p class="note flash-error" id="sign-in-email-note">Not an &lt;address&gt;.</p>
        </div>
        <div class="field">
          <label for="sign-in-name">Name</label>
          <input id="sign-in-name" name="name" type="text" maxlength="200" aria-describedby="sign-in-name-note">
          <p class="note" id="sign-in-name-note">As others see it</p>
        </div>
        "#);
        // A password never comes back.
        let form = FormState::new("sign-in").with_value("password", "secret");
        let source = r#"{% from "macros/form.html" import field %}
            {{- field(form, "password", "Password", type="password") }}"#;
        assert!(!page(source, context! { form }).contains("secret"));
    }

    #[test]
    fn tables_and_empty_states() {
        let source = r#"{% from "macros/table.html" import table %}
            {%- call(row) table("Groups", ["Name", "Members"], rows, empty="No groups yet", hint="Add one") %}
            <td>{{ row.name }}</td><td>{{ row.members }}</td>
            {%- endcall %}"#;
        let rows = [context! { name => "<b>", members => 2 }];
        assert_snapshot!(page(source, context! { rows }), @r#"
        <div class="table" role="region" aria-label="Groups" tabindex="0">
          <table>
            <caption>Groups</caption>
            <thead>
              <tr><th scope="col">Name</th><th scope="col">Members</th></tr>
            </thead>
            <tbody>
              <tr>
                    <td>&lt;b&gt;</td><td>2</td></tr>
            </tbody>
          </table>
        </div>
        "#);
        assert_snapshot!(page(source, context! { rows => Vec::<Value>::new() }), @r#"
        <div class="empty">
          <p class="empty-title">No groups yet</p>
          <p>Add one</p>
        </div>
        "#);
    }

    #[test]
    fn badges_and_dialogs() {
        let source = r#"{% from "macros/ui.html" import badge, dialog %}{{ badge("Live", "good") }}
            {%- call dialog("remove", "Remove <Eng>?", "Remove …") %}
            <p>Its members lose access.</p>
            {%- endcall %}"#;
        assert_snapshot!(page(source, context! {}), @r#"
        <span class="badge badge-good">Live</span>
        <button class="quiet" type="button" command="show-modal" commandfor="remove">Remove …</button>
        <dialog id="remove" aria-labelledby="remove-title">
          <h2 id="remove-title">Remove &lt;Eng&gt;?</h2>
                    <p>Its members lose access.</p>
          <form method="dialog"><button class="quiet" type="submit" autofocus>Cancel</button></form>
        </dialog>
        "#);
    }
}

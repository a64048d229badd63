use agnes::server::serve;

use crate::support::TestApp;

#[tokio::test]
async fn a_port_in_use_is_named() {
    let app = TestApp::start().await;
    let mut config = app.state.config.clone();
    config.port = app.url.rsplit_once(':').unwrap().1.parse().unwrap();
    let error = serve::bind(&config).await.unwrap_err().to_string();
    let port = config.port;
    assert_eq!(
        error,
        format!(
            "port {port} on 127.0.0.1 is already in use; \
             stop the other program or choose another with --port / AGNES_PORT"
        )
    );
}

#[tokio::test]
async fn an_address_that_is_not_ours_is_named() {
    let app = TestApp::start().await;
    let mut config = app.state.config.clone();
    config.host = "192.0.2.1".into();
    let error = serve::bind(&config).await.unwrap_err().to_string();
    assert!(error.starts_with("cannot listen on 192.0.2.1, port 0: "), "{error}");
    assert!(error.ends_with("set an address of this machine with --host / AGNES_HOST"), "{error}");
}

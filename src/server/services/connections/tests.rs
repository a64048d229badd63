use super::*;

const LIMITS: ConnectionLimits = ConnectionLimits { max: 3, max_strangers: 2 };
const HOUR: Duration = Duration::from_secs(3600);
const PATIENCE: Patience = Patience { first_request: HOUR, next_request: HOUR, response: HOUR };

/// From an address of 192.0.2.0/24; 0 is a proxy.
async fn admit(connections: &Arc<Connections>, address: u8, patience: Patience) -> Option<Arc<Connection>> {
    let address = (address > 0).then(|| IpAddr::from([192, 0, 2, address]));
    connections.admit(address, patience, connections.descriptor().await.unwrap())
}

/// Whether it has to make room.
async fn is_closed(connection: &Connection) -> bool {
    tokio::time::timeout(Duration::from_millis(20), connection.is_over()).await.is_ok()
}

fn sign_in(connection: &Arc<Connection>) -> Exchange {
    let exchange = Exchange::begin(connection);
    exchange.know();
    exchange
}

#[tokio::test]
async fn whoever_is_needed_least_makes_room() {
    let connections = Connections::new(LIMITS);
    let known = admit(&connections, 1, PATIENCE).await.unwrap();
    drop(sign_in(&known));
    let idle = admit(&connections, 2, PATIENCE).await.unwrap();
    drop(Exchange::begin(&idle));
    let silent = admit(&connections, 3, PATIENCE).await.unwrap();
    let mut busy = Vec::new();
    // The silent one has only just come.
    for least in [&idle, &silent, &known] {
        let newcomer = admit(&connections, 0, PATIENCE).await.unwrap();
        busy.push((sign_in(&newcomer), newcomer));
        assert!(is_closed(least).await);
    }
    // Nobody who has signed in is closed at work.
    assert!(admit(&connections, 4, PATIENCE).await.is_none());
    drop(busy);
    assert!(admit(&connections, 4, PATIENCE).await.is_some());
}

#[tokio::test]
async fn one_address_has_room_for_few_strangers() {
    let connections = Connections::new(ConnectionLimits { max: 100, ..LIMITS });
    let first = admit(&connections, 1, PATIENCE).await.unwrap();
    let second = admit(&connections, 1, PATIENCE).await.unwrap();
    drop(sign_in(&second));
    // Whoever has signed in does not count, and neither do proxies and other addresses.
    let mut others = Vec::new();
    for address in [1, 2, 0, 0, 0, 0] {
        others.push(admit(&connections, address, PATIENCE).await.unwrap());
    }
    assert!(!is_closed(&first).await);
    let _third = admit(&connections, 1, PATIENCE).await.unwrap();
    assert!(is_closed(&first).await && !is_closed(&second).await);
}

#[tokio::test]
async fn every_phase_has_a_deadline() {
    let connections = Connections::new(LIMITS);
    let (short, long) = (Duration::from_millis(50), Duration::from_millis(200));

    let connection = admit(&connections, 1, Patience { first_request: short, ..PATIENCE }).await.unwrap();
    connection.is_over().await;
    let connection =
        admit(&connections, 1, Patience { first_request: short, next_request: long, ..PATIENCE }).await.unwrap();
    let begun = Instant::now();
    drop(Exchange::begin(&connection));
    connection.is_over().await;
    assert!(begun.elapsed() >= long);

    let patience = Patience { first_request: short, next_request: short, response: long };
    let connection = admit(&connections, 1, patience).await.unwrap();
    let exchange = Exchange::begin(&connection);
    // The handler has deadlines of its own.
    assert!(tokio::time::timeout(2 * long, connection.is_over()).await.is_err());
    exchange.respond();
    let begun = Instant::now();
    tokio::time::sleep(short).await;
    exchange.moved();
    connection.is_over().await;
    assert!(begun.elapsed() >= short + long);
}

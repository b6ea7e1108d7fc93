use crate::cli::{Failure, Place, print};
use crate::config::Config;
use crate::local;
use crate::node::{Node, configuration, log, said};
use clap::Args;
use std::future::IntoFuture;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Run the server.
#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    place: Place,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

impl Serve {
    /// Runs it.
    pub async fn run(self) -> Result<(), Failure> {
        let config = configuration(&self.place, &[("listen", self.listen)])?;
        log(&config)?;
        // The port first: whether it is free is known before anything is made.
        let (listener, config) = bind(config).await?;
        let figures = match config.metrics_listen {
            Some(at) => Some(open(at, "metrics.listen").await?),
            None => None,
        };
        let node = Node::open(&config).await?;
        if let Some(link) = node.app.setup_link().await.map_err(said)? {
            let address = node.app.link_address(&link);
            print(&format!("Create the administrator here (works once, for a day):\n{address}\n"));
        }
        print(&format!("Amends serves on {}\n", config.public_url));
        if let Some(figures) = figures {
            let at = figures.local_addr().map_err(|e| Failure::said_no(e.to_string()))?;
            print(&format!("Metrics are on http://{at}/metrics\n"));
            tokio::spawn(axum::serve(figures, node.metrics()).into_future());
        }
        run(node, &config, listener).await
    }
}

/// Binds the port; with port 0 the configuration learns which one it became.
pub async fn bind(mut config: Config) -> Result<(TcpListener, Config), Failure> {
    let listener = open(config.listen, "--listen").await?;
    let bound = listener.local_addr().map_err(|e| Failure::said_no(e.to_string()))?;
    if config.public_url == format!("http://{}", config.listen) {
        config.public_url = format!("http://{bound}");
    }
    config.listen = bound;
    Ok((listener, config))
}

/// Binds a port that was said in `setting`.
async fn open(at: SocketAddr, setting: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(at).await.map_err(|e| {
        Failure::said_no(format!("cannot listen on {at}: {e}; stop what uses it, or give another {setting}"))
    })
}

/// Serves until SIGTERM or Ctrl-C; then takes no new requests, answers those in flight, and ends.
pub async fn run(node: Node, config: &Config, listener: TcpListener) -> Result<(), Failure> {
    let (stop, stopped) = watch::channel(false);
    if config.database.is_none() {
        node.app.cut_off_requests().await.map_err(said)?;
    }
    let duties = node.start_duties(&stopped).await?;
    let router = node.router().await?;
    let socket = match &config.database {
        None => Some(local::listen(&config.data).map_err(|e| {
            Failure::said_no(format!("the local socket in {} cannot be made: {e}", config.data.display()))
        })?),
        Some(_) => None,
    };
    let local_server = socket.map(|socket| {
        let routes = local::routes(router.clone());
        let serve = axum::serve(socket, routes).with_graceful_shutdown(until(stopped.clone()));
        tokio::spawn(serve.into_future())
    });
    let front = node.front(router, stopped.clone()).await?;
    let server = tokio::spawn(async move {
        if let Err(error) = front.serve(listener).await {
            tracing::error!(%error, "nothing can be served");
        }
    });
    wait_for_signal().await;
    tracing::info!("stopping: requests in flight are answered, then it ends");
    node.app.end_waiting();
    let _ = stop.send(true);
    let patience = std::time::Duration::from_secs(20);
    let _ = tokio::time::timeout(patience, async {
        let _ = server.await;
        if let Some(local_server) = local_server {
            let _ = local_server.await;
        }
        duties.await;
    })
    .await;
    if config.database.is_none() {
        let _ = std::fs::remove_file(local::path(&config.data));
    }
    Ok(())
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop as well.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
}

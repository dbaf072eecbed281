//! The asynchronous half of a package: asks the streams for rows and files and hands them to `assembly.rs` through a
//! bounded channel, so that a fast source waits for the disk and memory stays flat. Dropping the future gives the
//! package up and leaves nothing behind.

use super::assembly::{Order, Step, run};
use super::{
    CategoryRows, FileSource, PackageError, PackageRequest, Place, SourceFailure, SourceFile, Written,
};
use crate::domain::plan::{Category, Permission};
use crate::domain::rows::RowBatch;
use crate::render::Texts;
use futures::TryStreamExt;
use std::sync::Arc;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc::{Sender, channel};

/// Steps that may wait for the disk.
const STEPS_MAX: usize = 4;

/// Bytes of a file that are in memory at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Writes and checks a package; `Written::publish` gives it its name. Categories appear in the order given; of a withheld one only the reason does.
pub async fn write(
    place: &Place,
    request: PackageRequest,
    texts: &Arc<Texts>,
    categories: Vec<CategoryRows<'_>>,
    files: &dyn FileSource,
) -> Result<Written, PackageError> {
    let (steps, inbox) = channel(STEPS_MAX);
    let order = Order { place: place.clone(), request, texts: Arc::clone(texts) };
    let assembly = tokio::task::spawn_blocking(move || run(order, inbox));
    let pumped = pump(categories, files, &steps).await;
    drop(steps);
    let written = assembly.await.map_err(|_| PackageError::Abandoned)?;
    match pumped {
        Ok(()) | Err(Stop::Closed) => written,
        Err(Stop::Failed(error)) => Err(error),
    }
}

impl Written {
    /// Gives the package its name, durably; one that an earlier attempt left there is replaced.
    pub async fn publish(&self) -> Result<(), PackageError> {
        let io = |doing: &'static str| move |error: std::io::Error| PackageError::io(doing, &error);
        fault!("package.name.before");
        tokio::fs::rename(&self.part, &self.path).await.map_err(io("give the package its name"))?;
        fault!("package.name.after");
        let folder = self.path.parent().unwrap_or(&self.path);
        let durable = async { tokio::fs::File::open(folder).await?.sync_all().await };
        durable.await.map_err(io("make the package's name durable"))?;
        fault!("package.folder.after");
        Ok(())
    }

    /// Removes a package that nobody may publish any more.
    pub async fn discard(&self) {
        // It may be gone: whoever took the job over removes what earlier attempts left.
        let _ = tokio::fs::remove_file(&self.part).await;
    }
}

/// Why pumping ended early.
enum Stop {
    /// A source failed.
    Failed(PackageError),
    /// The other half has an error to tell.
    Closed,
}

async fn pump(
    categories: Vec<CategoryRows<'_>>,
    files: &dyn FileSource,
    steps: &Sender<Step>,
) -> Result<(), Stop> {
    for CategoryRows { category, planned, mut rows } in categories {
        send(steps, Step::Category { category: Box::new(category.clone()), planned }).await?;
        if category.export == Permission::Allowed {
            while let Some(batch) = rows.try_next().await.map_err(|failure| failed(category, failure))? {
                pump_files(category, &batch, files, steps).await?;
                send(steps, Step::Rows(batch)).await?;
            }
        }
        send(steps, Step::CategoryEnd).await?;
    }
    send(steps, Step::Finish).await
}

async fn pump_files(
    category: &Category,
    batch: &RowBatch,
    files: &dyn FileSource,
    steps: &Sender<Step>,
) -> Result<(), Stop> {
    for file in &batch.files {
        let original = file.path.expose().clone();
        let opened = files.open(category, &original).await.map_err(|failure| failed(category, failure))?;
        let SourceFile::Open(mut reader) = opened else {
            send(steps, Step::FileGone { original }).await?;
            continue;
        };
        send(steps, Step::File { original }).await?;
        loop {
            let mut bytes = Vec::with_capacity(CHUNK_BYTES);
            let read = reader.read_buf(&mut bytes).await.map_err(|error| {
                let message = format!("cannot read a file that a row names: {}", error.kind());
                failed(category, SourceFailure { message, transient: true })
            })?;
            if read == 0 {
                break;
            }
            send(steps, Step::Bytes(bytes)).await?;
        }
        send(steps, Step::FileEnd).await?;
    }
    Ok(())
}

fn failed(category: &Category, failure: SourceFailure) -> Stop {
    Stop::Failed(PackageError::Source { category: category.name.clone(), failure })
}

async fn send(steps: &Sender<Step>, step: Step) -> Result<(), Stop> {
    steps.send(step).await.map_err(|_| Stop::Closed)
}

//! Unpacks the page to read and try the API: Swagger UI, which a package has as an archive.

use std::{
    env,
    error::Error,
    fs::File,
    io::{self, Cursor},
    path::Path,
};

use flate2::read::DeflateDecoder;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::{CompressionMethod, ZipArchive};

/// What the page consists of; its start is our own.
const FILES: [&str; 7] = [
    "favicon-16x16.png",
    "favicon-32x32.png",
    "index.css",
    "index.html",
    "swagger-ui-bundle.js",
    "swagger-ui-standalone-preset.js",
    "swagger-ui.css",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = env::var_os("OUT_DIR").ok_or("cargo names no folder")?;
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    // One folder holds everything; which one, the version says.
    let first = archive.by_index_raw(0)?.name()?.into_owned();
    let top = first.split('/').next().ok_or("the archive has no folder")?;
    for file in FILES {
        let mut packed = archive.by_name_raw(format!("{top}/dist/{file}").as_bytes())?;
        let mut out = File::create(Path::new(&folder).join(file))?;
        if packed.compression() == CompressionMethod::Stored {
            io::copy(&mut packed, &mut out)?;
        } else {
            io::copy(&mut DeflateDecoder::new(packed), &mut out)?;
        }
    }
    Ok(())
}

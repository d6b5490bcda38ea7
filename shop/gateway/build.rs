//! Unpacks the page to read and try the API: Swagger UI, which a package has as an archive. With the feature `book`, packs the book.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs::{self, File},
    io::{self, Cursor, Write as _},
    path::{Path, PathBuf},
};

use flate2::{Compression, read::DeflateDecoder, write::GzEncoder};
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

/// Where `cargo xtask book` puts the book.
const BOOK: &str = "book";

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
    if env::var_os("CARGO_FEATURE_BOOK").is_some() {
        println!("cargo::rerun-if-changed={BOOK}");
        pack_the_book(Path::new(&folder))?;
    }
    Ok(())
}

/// Packs each file of the book, and lists them for `src/docs/book.rs`. Where it was not built, the list is empty: a build neither fails
/// for that nor downloads what would build it.
fn pack_the_book(folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut files = Vec::new();
    collect(Path::new(BOOK), &mut files)?;
    let mut named = Vec::new();
    for file in &files {
        let name = file
            .strip_prefix(BOOK)?
            .to_str()
            .ok_or("the book has a file whose name is not UTF-8")?;
        named.push((name, file));
    }
    named.sort();
    let mut list = String::from("[\n");
    for (number, (name, file)) in named.into_iter().enumerate() {
        let packed = folder.join(format!("book-{number}.gz"));
        let mut encoder = GzEncoder::new(File::create(&packed)?, Compression::best());
        encoder.write_all(&fs::read(file)?)?;
        encoder.finish()?;
        let packed = packed.to_str().ok_or("the build folder's name is not UTF-8")?;
        writeln!(list, "    ({name:?}, include_bytes!({packed:?}).as_slice()),")?;
    }
    list.push(']');
    fs::write(folder.join("book.rs"), list)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if path.is_dir() {
            collect(&path, files)?;
        } else if !hidden {
            files.push(path);
        }
    }
    Ok(())
}

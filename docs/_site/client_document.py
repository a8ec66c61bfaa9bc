# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The project's own client document and its logo, among the files of the site; nothing as long as it has no URL."""

import shutil
from pathlib import Path
from typing import Any

from valetkey.protocol import project_document
from valetkey.protocol.client_document import document_text

_LOGO = Path(__file__).parent / project_document.LOGO_NAME


def write(folder: Path) -> list[Path]:
    """
    Write the document and its logo.

    :param folder: What is served at the folder of the document's URL.
    :returns: What was written.
    """
    url = project_document.PROJECT_DOCUMENT_URL
    if not url:
        return []
    document, logo = folder / project_document.DOCUMENT_NAME, folder / project_document.LOGO_NAME
    document.write_text(document_text(project_document.build_project_document(url)), encoding="utf-8")
    shutil.copyfile(_LOGO, logo)
    return [document, logo]


def connect(app: Any) -> None:
    """Write them into a site that has been built without an error."""
    app.connect("build-finished", lambda site, error: error or write(Path(site.outdir)))

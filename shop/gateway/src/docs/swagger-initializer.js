window.onload = () => {
  window.ui = SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    plugins: [SwaggerUIBundle.plugins.DownloadUrl],
    layout: "StandaloneLayout",
    // The validator would be a third-party server.
    validatorUrl: "none",
    persistAuthorization: true,
    tryItOutEnabled: true,
    displayRequestDuration: true,
  });
};

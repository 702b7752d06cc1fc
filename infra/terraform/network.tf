resource "google_compute_network" "private" {
  name                    = var.name
  auto_create_subnetworks = false

  depends_on = [google_project_service.api]
}

resource "google_compute_subnetwork" "run" {
  name          = "${var.name}-run"
  network       = google_compute_network.private.id
  region        = var.region
  ip_cidr_range = "10.8.0.0/24"
  # Direct VPC egress takes two addresses an instance; 250 are enough for 125 instances at once.
  private_ip_google_access = true
}

resource "google_compute_global_address" "google_services" {
  name          = "${var.name}-google-services"
  network       = google_compute_network.private.id
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  prefix_length = 20
}

resource "google_service_networking_connection" "google_services" {
  network                 = google_compute_network.private.id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.google_services.name]

  depends_on = [google_project_service.api]
}
